import {
  createQueryId,
  DeleteQueryBuilder,
  DeleteQueryNode,
  InsertQueryBuilder,
  InsertQueryNode,
  type Kysely,
  TableNode,
  UpdateQueryBuilder,
  UpdateQueryNode,
} from 'kysely'

/*
 * Kysely's builders, for a table of any name: in the string that `db.insertInto` takes, a dot ends the name of a database, and ` as `
 * begins an alias.
 */

type AnyKysely = Kysely<Record<string, Record<string, unknown>>>
type AnyTables = Record<string, Record<string, unknown>>

export function insertInto(db: AnyKysely, table: string) {
  const queryNode = InsertQueryNode.create(TableNode.create(table))
  return new InsertQueryBuilder<AnyTables, string, unknown>({ ...propsOf(db), queryNode })
}

export function updateTable(db: AnyKysely, table: string) {
  const queryNode = UpdateQueryNode.create([TableNode.create(table)])
  return new UpdateQueryBuilder<AnyTables, string, string, unknown>({ ...propsOf(db), queryNode })
}

export function deleteFrom(db: AnyKysely, table: string) {
  const queryNode = DeleteQueryNode.create([TableNode.create(table)])
  return new DeleteQueryBuilder<AnyTables, string, unknown>({ ...propsOf(db), queryNode })
}

function propsOf(db: AnyKysely) {
  return { queryId: createQueryId(), executor: db.getExecutor() }
}
