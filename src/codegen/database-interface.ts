import { columnType, typeNames } from '../columns/column-types.ts'
import type { ColumnMetadata } from '../metadata.ts'
import type { GeneratedTable } from './generated-table.ts'
import { LINE_WIDTH, memberName, stringLiteral } from './source-text.ts'

/** The types for Kysely, and which of Kysely's own types they mention. */
export interface DatabaseInterface {
  readonly source: string
  readonly kyselyTypes: readonly string[]
  /** All names used in the file. */
  readonly names: ReadonlySet<string>
}

const KYSELY_TYPES = ['ColumnType', 'Generated', 'GeneratedAlways'] as const

/** Names that the generated types mention: a table called `date` must not declare its own `Date`. */
const TAKEN = [...KYSELY_TYPES, ...typeNames, 'DB', 'TablesMetadata']

/** An interface for each table and view, and `DB`, which names them as queries do. */
export function databaseInterface(tables: readonly GeneratedTable[]): DatabaseInterface {
  const names = interfaceNames(tables)
  const interfaces = tables.map(({ name, metadata }) =>
    block(names.get(name) ?? '', metadata.columns.map(member)),
  )
  const database = tables.map(({ name }) => `  ${memberName(name)}: ${names.get(name)}\n`)
  const body = [...interfaces, block('DB', database)].join('\n')
  return {
    source: [...declarations(tables), body].join('\n'),
    kyselyTypes: KYSELY_TYPES.filter((name) => body.includes(`: ${name}<`)),
    names: new Set([...TAKEN, ...names.values()]),
  }
}

/** The names in the members' types that are not global. */
function declarations(tables: readonly GeneratedTable[]): ReadonlySet<string> {
  const columns = tables.flatMap(({ metadata }) => metadata.columns)
  return new Set(
    columns
      .flatMap((column) => Object.values(columnType(column).typeNames ?? {}))
      .filter((one) => one !== undefined),
  )
}

function block(name: string, members: readonly string[]): string {
  return `export interface ${name} {\n${members.join('')}}\n`
}

function member(column: ColumnMetadata): string {
  const name = `  ${memberName(column.name)}:`
  const { select, insert, update } = columnTypeScript(column)
  const generic = genericOf(column, select === update)
  const parts = generic === 'ColumnType' ? [select, insert, update] : [select]
  const type = generic ? `${generic}<${parts.join(', ')}>` : select
  const line = `${name} ${type}\n`
  if (line.length <= LINE_WIDTH + 1) return line
  const alternatives = alternativesOf(column)
  if (alternatives.length === 0 || generic === 'ColumnType')
    return generic ? `${name} ${generic}<\n    ${parts.join(',\n    ')}\n  >\n` : line
  const union = alternatives.map((alternative) => `    | ${alternative}\n`).join('')
  return generic ? `${name} ${generic}<\n${union}  >\n` : `${name}\n${union}`
}

/** A column's three types as members of a union: what is read, what INSERT takes, what UPDATE takes. */
export interface ColumnTypeScript {
  readonly select: string
  readonly insert: string
  readonly update: string
}

export function columnTypeScript(column: ColumnMetadata): ColumnTypeScript {
  const type = columnType(column).typeScript(column)
  const select = type.literals?.map(stringLiteral).join(' | ') ?? type.select
  const { write = select } = type
  const orNull = column.nullable && select !== 'unknown' ? ' | null' : ''
  // Without it, the row of a `selectAll()` would not be what its type says.
  const orUndefined = column.invisible && select !== 'unknown' ? ' | undefined' : ''
  const read = select + (type.orNull ? ' | null' : orNull) + orUndefined
  if (column.generated) return { select: read, insert: 'never', update: 'never' }
  return {
    select: read,
    insert: write + orNull + (column.hasDefault ? ' | undefined' : ''),
    update: write + orNull,
  }
}

function genericOf(column: ColumnMetadata, symmetric: boolean): string | undefined {
  if (column.generated) return 'GeneratedAlways'
  if (!symmetric) return 'ColumnType'
  return column.hasDefault ? 'Generated' : undefined
}

function alternativesOf(column: ColumnMetadata): string[] {
  const { literals = [] } = columnType(column).typeScript(column)
  if (literals.length === 0) return []
  const { nullable, invisible } = column
  return [...literals.map(stringLiteral), ...(nullable ? ['null'] : []), ...(invisible ? ['undefined'] : [])]
}

/** `country_language` → `CountryLanguage`, with a number if the name is taken. */
function interfaceNames(tables: readonly GeneratedTable[]): ReadonlyMap<string, string> {
  const taken = new Set<string>(TAKEN)
  return new Map(tables.map(({ name }) => [name, freeName(name, taken)]))
}

/** The name in PascalCase, with a number if it is taken. It is taken from then on. */
export function freeName(databaseName: string, taken: Set<string>): string {
  const base = pascalCase(databaseName)
  let name = base
  for (let number = 2; taken.has(name); number++) name = `${base}${number}`
  taken.add(name)
  return name
}

function pascalCase(name: string): string {
  const words = name.split(/[^\p{ID_Continue}$]+|_+/u).filter((word) => word !== '')
  const joined = words.map((word) => word.replace(/^./u, (first) => first.toUpperCase())).join('')
  return /^[\p{ID_Start}$]/u.test(joined) ? joined : `_${joined}`
}
