import assert from 'node:assert/strict'
import { type Kysely, sql } from 'kysely'
import type { AnyDB, AnyRepositories, AnyRow } from '../lookups.ts'
import type { Random } from '../random.ts'

/** By table, the ids of its rows, which are a unique key besides those under test. */
export type RowIds = ReadonlyMap<string, readonly number[]>

export async function readIds(db: Kysely<AnyDB>, tables: readonly string[]): Promise<RowIds> {
  const ids = new Map<string, readonly number[]>()
  for (const table of tables) {
    const rows = await db.selectFrom(table).select('id').execute()
    ids.set(
      table,
      rows.map(({ id }) => Number(id)),
    )
  }
  return ids
}

/**
 * That each row of the tables is one object, whichever of its keys it was asked by, and no other row's.
 * @param seen by table and id, the objects that other keys have found
 */
export async function assertIdentities(
  repositories: AnyRepositories,
  { ids, seen }: { readonly ids: RowIds; readonly seen: ReadonlyMap<string, AnyRow> },
): Promise<number> {
  let count = 0
  for (const [table, own] of ids) {
    const rows = await repositories.$table(table).findByKeys(own.map((id) => ({ id })))
    assert.deepEqual(
      rows.map((row) => row?.id),
      own,
      `${table}: by id`,
    )
    assert.equal(new Set(rows).size, own.length, `${table}: two rows are one object`)
    for (const row of rows) {
      const other = seen.get(`${table} ${row!.id}`)
      if (other) assert.equal(row, other, `${table}: row ${row!.id} is two objects`)
    }
    count += own.length
  }
  return count
}

/** That of several columns of one name the last one's value is answered, and read by its own type. */
export async function assertColumnsOfOneName(db: Kysely<AnyDB>, tables: readonly string[]): Promise<void> {
  for (const [at, last] of tables.entries()) {
    const first = tables[(at + 1) % tables.length]!
    const joined = await sql<AnyRow>`
      select f.*, l.* from ${sql.table(first)} f join ${sql.table(last)} l on l.id = f.id order by l.id`.execute(
      db,
    )
    const alone = await sql<AnyRow>`
      select l.* from ${sql.table(last)} l where exists (select 1 from ${sql.table(first)} f where f.id = l.id) order by l.id`.execute(
      db,
    )
    for (const [index, row] of joined.rows.entries()) {
      for (const [name, value] of Object.entries(alone.rows[index]!))
        assert.deepEqual(row[name], value, `${first} and ${last}: ${name}`)
    }
    assert.equal(joined.rows.length, alone.rows.length)
  }
}

/** Tables whose rows read alike in part: booleans, zero dates, and texts with twins in each of the charsets. */
export function alikeTables(charsets: readonly string[], { pick, below }: Random): readonly string[] {
  const insert = (name: string, value: () => string, size = 60) =>
    `insert ignore into ${name} values ${Array.from({ length: size }, (_, at) => `(${at + 1}, ${value()})`).join(', ')}`
  const flag = () => String(pick([0, 1, 2, 3, -1, 127, -128]))
  const moment = () =>
    pick(["'0000-00-00'", "'2020-00-01'", "'2020-02-30'", "'2020-03-01'", "'2020-03-01 00:00:00.001'"])
  const bytes = () => `x'${pick(['ff', 'fe', 'c3', '00', '2020', ''])}'`
  const text = () => {
    const sequence = Array.from({ length: 1 + below(3) }, () => below(256))
    return `x'${Buffer.from(pick([sequence, [0x81, 0xe6], [0x87, 0x9a], [0x3f], [0xa2, 0xcc]])).toString('hex')}'`
  }
  const texts = charsets.flatMap((charset) => [
    `create table text_${charset} (id int not null unique, k varchar(3) character set ${charset} collate ${charset}_bin not null,
      f tinyint(1) not null, primary key (k, f))`,
    `create temporary table raw (id int, k varbinary(3), f int)`,
    insert('raw', () => `${text()}, ${flag()}`, 90),
    `insert ignore into text_${charset} select * from raw`,
    'drop temporary table raw',
  ])
  return [
    'create table flags (id int not null unique, k tinyint(1) not null primary key, u tinyint(1) null unique)',
    insert('flags', () => `${flag()}, ${pick(['null', flag()])}`),
    `create table moments (id int not null unique, k datetime(3) not null, b varbinary(2) not null, f tinyint(1) not null,
      primary key (k, b, f))`,
    insert('moments', () => `${moment()}, ${bytes()}, ${flag()}`),
    'create table stamps (id int not null unique, k timestamp not null, d date not null, primary key (k, d))',
    insert(
      'stamps',
      () =>
        `${pick(["'0000-00-00'", "'2020-03-01'"])}, ${pick(["'0000-00-00'", "'2020-00-01'", "'2020-03-01'"])}`,
    ),
    ...texts,
  ]
}
