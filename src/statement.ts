import { createQueryId, type Kysely, RawNode, type RootOperationNode } from 'kysely'
import type { KeyDefinition } from './key.ts'
import { preparedParameters } from './pool.ts'
import type { TableMetadata } from './table.ts'

/** An SQL text; made once, sent as often as wanted. */
export interface Statement {
  readonly sql: string
  readonly node: RootOperationNode
}

/** Runs a statement and answers rows as arrays, in column order. */
export type Execute = (
  statement: Statement,
  values: readonly unknown[],
) => Promise<readonly (readonly unknown[])[]>

/**
 * Runs statements through Kysely's executor, prepared where the database was made by `createDatabase`. Plugins are
 * left out: they could neither transform this text nor may they rename what comes back.
 */
export function createExecute(db: Kysely<unknown>): Execute {
  const target = db.withoutPlugins()
  return async ({ sql, node }, values) => {
    const parameters = preparedParameters(values)
    const result = await target.executeQuery<unknown>({
      sql,
      query: node,
      parameters,
      queryId: createQueryId(),
    })
    // A Kysely instance of the user's own answers objects; their columns come in the order selected.
    return result.rows.map((row) => (Array.isArray(row) ? row : Object.values(row as object)))
  }
}

/**
 * One row per key, found or not: its position (from 1), then the columns, NULL where no row has the key.
 * The keys travel as one JSON parameter, so the text does not depend on how many there are, and the server decides
 * which row a key means.
 */
export function keyStatement(table: TableMetadata, definition: KeyDefinition): Statement {
  return statement(
    `select k.o, ${columnList(table)} from ${keyTable(definition)} left join ${target(table, definition)}`,
  )
}

/** For each key every row, in primary-key order: the key's position (from 1), then the columns. */
export function listStatement(table: TableMetadata, definition: KeyDefinition): Statement {
  const order = table.primaryKey.map((name) => `t.${quoteName(name)}`).join(', ')
  return statement(
    `select k.o, ${columnList(table)} from ${keyTable(definition)} straight_join ${target(table, definition)} order by k.o, ${order}`,
  )
}

/**
 * The same answers without JSON_TABLE: a select per key, each parameter brought to the column's type as JSON_TABLE would.
 * Keys without a row have no answer.
 */
export function unionStatement(
  table: TableMetadata,
  definition: KeyDefinition,
  options: { readonly keys: number; readonly ordered: boolean },
): Statement {
  const parameters = definition.parts
    .map(({ declaration }, index) => `${typedParameter(declaration)} k${index}`)
    .join(', ')
  const select = `select k.o, ${columnList(table)} from (select ? o, ${parameters}) k straight_join ${target(table, definition)}`
  const order = table.primaryKey.map(
    (name) => `c${table.columns.findIndex((column) => column.name === name)}`,
  )
  const union = new Array(options.keys).fill(select).join(' union all ')
  return statement(options.ordered ? `${union} order by o, ${order.join(', ')}` : union)
}

/** The columns of up to `limit` rows. */
export function tableStatement(table: TableMetadata, limit: number): Statement {
  return statement(`select ${columnList(table)} from ${quoteName(table.name)} t limit ${limit}`)
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}

/** Columns get names of ours: theirs could be alike in lower case, or be one that an object has already. */
function columnList(table: TableMetadata): string {
  return table.columns.map((column, index) => `t.${quoteName(column.name)} c${index}`).join(', ')
}

function keyTable({ parts }: KeyDefinition): string {
  const columns = parts.map(({ declaration }, index) => {
    const path = parts.length === 1 ? '$' : `$[${index}]`
    return `k${index} ${declaration} path '${path}'`
  })
  return `json_table(?, '$[*]' columns (o for ordinality, ${columns.join(', ')})) k`
}

/** MySQL would read a table of up to two rows whole, and an optimizer may err on any: the key's index is named. */
function target(table: TableMetadata, { parts, index }: KeyDefinition): string {
  const conditions = parts.map((part, index) => part.condition(`t.${quoteName(part.name)}`, `k.k${index}`))
  return `${quoteName(table.name)} t force index (${quoteName(index)}) on ${conditions.join(' and ')}`
}

function statement(sql: string): Statement {
  return { sql, node: RawNode.createWithSql(sql) }
}

/** A parameter of a type that is written as for a column: CAST spells integers and texts otherwise. */
function typedParameter(declaration: string): string {
  const text = /^varchar\(\d+\) character set (\w+)(?: collate (\w+))?$/.exec(declaration)
  if (text) return `convert(? using ${text[1]})${text[2] ? ` collate ${text[2]}` : ''}`
  if (/int\b/.test(declaration))
    return `cast(? as ${declaration.endsWith('unsigned') ? 'unsigned' : 'signed'})`
  return `cast(? as ${declaration})`
}
