import { columnType } from '../columns/column-types.ts'
import { quoteName, type Statement, statement } from '../database/statement.ts'
import type { DistinguishedColumn } from '../keys/identity.ts'
import type { KeyDefinition } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import { IMPATIENT, VERSION_TABLE } from '../versions/version-table.ts'

/** What a lookup reads besides the keys. */
export interface StatementOptions {
  readonly table: TableMetadata
  readonly definition: KeyDefinition
  /** Whether a key has many rows, wanted in primary-key order, or one at most. */
  readonly many: boolean
  /** Whether the table's version is read too, by the same snapshot. It comes after the key's position. */
  readonly versioned: boolean
  /** The columns whose distinctions are read too. They come after the table's columns. */
  readonly distinguished?: readonly DistinguishedColumn[]
}

/**
 * At least one row per key, found or not: its position (from 1), then the columns, NULL where no row has the key.
 * The keys travel as one JSON parameter, so the text does not depend on how many there are, and the server decides
 * which row a key means.
 */
export function keyStatement(options: StatementOptions): Statement {
  return joinedStatement(options, jsonKeys(options.definition))
}

/**
 * The same without JSON_TABLE: each key's columns are parameters, brought to the column's type as JSON_TABLE would. Only
 * the keys come by `union all`: the table's columns would lose their types in one.
 */
export function unionStatement(options: StatementOptions & { readonly keys: number }): Statement {
  return joinedStatement(options, unionKeys(options.definition, options.keys))
}

function joinedStatement(options: StatementOptions, keys: string): Statement {
  const { table, definition, many, versioned } = options
  const version = versioned ? `${versionOf(table)}, ` : ''
  const order = many ? ` order by k.o, ${primaryKeyAliases(table).join(', ')}` : ''
  return statement(
    `select ${hint(versioned)}k.o, ${version}${columnList(options)} from ${keys} k left join ${target(table, definition)}${order}`,
  )
}

/** Which version a statement for one key asks for: the sum of all slots, that of the first slot too, or that one alone. */
export type LoneVersion = 'sum' | 'both' | 'first'

/**
 * For one key: at most a row; with the version that of the first slot comes first, where it is asked for. To read it by its whole key
 * takes a third of the time of the sum. Comparing with a constant saves a fifth of the time.
 */
export function loneStatement(
  options: Omit<StatementOptions, 'many'> & { readonly version?: LoneVersion },
): Statement {
  const { table, definition, versioned, version = 'sum' } = options
  const from = `${quoteName(table.name)} t force index (${quoteName(definition.index)})`
  const where = keyCondition(definition, (name) => column(table, name)).texts.join('?')
  return statement(
    versioned
      ? `select ${hint(versioned)}${version === 'sum' ? "'1' o" : FIRST_VERSION}, ${version === 'first' ? '' : `${versionOf(table)}, `}${columnList(options)} ${fromVersion(table, `${from} on ${where}`)}`
      : `select ${columnList(options)} from ${from} where ${where}`,
  )
}

/** A condition in SQL that one key holds, in pieces: between two texts is a parameter. */
export interface KeyCondition {
  readonly texts: readonly string[]
  /** For each parameter, which of the key's columns it is. */
  readonly parts: readonly number[]
}

/** NUL is in no name. */
const PARAMETER = '\0'

/** @param nameOf a column's name in SQL, by the name that repositories know it by */
export function keyCondition({ parts }: KeyDefinition, nameOf: (name: string) => string): KeyCondition {
  const conditions = parts.map((part) =>
    part.condition(nameOf(part.name), typedParameter(part.declaration, PARAMETER)).split(PARAMETER),
  )
  const texts = ['']
  for (const [index, [first, ...others]] of conditions.entries()) {
    texts.push(`${texts.pop()}${index > 0 ? ' and ' : ''}${first}`, ...others)
  }
  return {
    texts,
    parts: conditions.flatMap(({ length }, index) => new Array<number>(length - 1).fill(index)),
  }
}

function primaryKeyAliases({ columns, primaryKey }: TableMetadata): string[] {
  return primaryKey.map((key) => `c${columns.findIndex(({ name }) => name === key)}`)
}

/** How a whole table is read. */
export interface TableStatementOptions
  extends Pick<StatementOptions, 'table' | 'versioned' | 'distinguished'> {
  readonly limit: number
}

/** Up to `limit` rows in primary-key order, each with the version. An index gives the order: nothing is sorted. */
export function tableStatement(options: TableStatementOptions): Statement {
  const { table, versioned, limit } = options
  const version = versioned ? versionOf(table) : 'null'
  return statement(
    `select ${hint(versioned)}0, ${version}, ${columnList(options)} from ${quoteName(table.name)} t${tableOrder(table, limit)}`,
  )
}

/** The same with a row of NULLs, to tell the version, where the table is empty. It would sort one that is not. */
export function emptyTableStatement(options: TableStatementOptions): Statement {
  const { table, limit } = options
  const from = fromVersion(table, `${quoteName(table.name)} t on true`)
  return statement(
    `select ${hint(true)}0, ${versionOf(table)}, ${columnList({ ...options, many: true })} ${from}${tableOrder(table, limit)}`,
  )
}

function tableOrder(table: TableMetadata, limit: number): string {
  return ` order by ${table.primaryKey.map((key) => column(table, key)).join(', ')} limit ${limit}`
}

/** @see IMPATIENT */
function hint(versioned: boolean): string {
  return versioned ? `${IMPATIENT} ` : ''
}

/** NULL where the table has no version rows. A table in FROM that the server would have to make costs twice as much. */
function versionOf(table: TableMetadata): string {
  return `(select sum(version) from ${VERSION_TABLE} where ${isOf(table)})`
}

/** As a double, which the driver reads at once: no version is above 2^53. */
const FIRST_VERSION = 'v.version + 0e0'

/** One row at least, to tell the version, also where nothing is found: that of a slot which each table with a version has. */
function fromVersion(table: TableMetadata, joined: string): string {
  return `from ${VERSION_TABLE} v left join ${joined} where v.${isOf(table)} and v.slot = 0`
}

function isOf({ name }: TableMetadata): string {
  return `table_name = '${name.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`
}

type ColumnListOptions = Pick<StatementOptions, 'table' | 'distinguished'> & { readonly many?: boolean }

/** Columns get aliases: their own names may differ only in case, or clash with a property that every object has. */
function columnList({ table, many = false, distinguished = [] }: ColumnListOptions): string {
  const columns = table.columns.map((one, index) => {
    const name = column(table, one.name)
    return `${(many && columnType(one).sorted?.(one, name)) || name} c${index}`
  })
  const distinctions = distinguished.map(
    ({ name, ambiguity }, index) => `${ambiguity.distinction(column(table, name))} d${index}`,
  )
  return [...columns, ...distinctions].join(', ')
}

/** A column of the looked-up table. */
function column(table: TableMetadata, name: string): string {
  return `t.${columnName(table, name)}`
}

/** A column's name in SQL, by the name that repositories know it by. */
export function columnName(table: TableMetadata, name: string): string {
  const { columnName = name } = table.columns.find((one) => one.name === name) ?? {}
  return quoteName(columnName)
}

function jsonKeys({ parts }: KeyDefinition): string {
  const columns = parts.map(({ declaration }, index) => {
    const path = parts.length === 1 ? '$' : `$[${index}]`
    return `k${index} ${declaration} path '${path}'`
  })
  return `json_table(?, '$[*]' columns (o for ordinality, ${columns.join(', ')}))`
}

function unionKeys({ parts }: KeyDefinition, keys: number): string {
  const values = parts.map(({ declaration }, index) => `${typedParameter(declaration)} k${index}`).join(', ')
  const selects = Array.from({ length: keys }, (_, index) => `select ${index + 1} o, ${values}`)
  return `(${selects.join(' union all ')})`
}

/** The key's index is forced: MySQL scans tables of one or two rows, and an optimizer may choose badly for any table. */
function target(table: TableMetadata, { parts, index }: KeyDefinition): string {
  const conditions = parts.map((part, index) => part.condition(column(table, part.name), `k.k${index}`))
  return `${quoteName(table.name)} t force index (${quoteName(index)}) on ${conditions.join(' and ')}`
}

/** A parameter cast to a type in column syntax, because CAST spells integer and text types differently. */
function typedParameter(declaration: string, parameter = '?'): string {
  const text = /^(?:varchar\(\d+\)|longtext) character set (\w+)(?: collate (\w+))?$/.exec(declaration)
  if (text) return `convert(${parameter} using ${text[1]})${text[2] ? ` collate ${text[2]}` : ''}`
  // MySQL gives a bare parameter the type of the cast, and cuts what is sent as text to it.
  const type = /int\b/.test(declaration)
    ? declaration.endsWith('unsigned')
      ? 'unsigned'
      : 'signed'
    : declaration
  const value = `convert(${parameter} using ascii)`
  return `cast(${/^time\b/.test(type) ? withinTime(value) : value} as ${type})`
}

/** MySQL takes a time beyond the last one for the last one, or raises in a write. JSON_TABLE answers NULL, and so does this. */
function withinTime(value: string): string {
  return `/*!80004 nullif(regexp_replace(*/${value}/*!80004 , '^-?838:59:59[.].*', ''), '')*/`
}
