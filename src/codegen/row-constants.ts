import type { ConstantKey } from '../metadata.ts'
import { LINE_WIDTH, propertyName, stringLiteral } from './source-text.ts'
import type { SyntaxParts } from './syntax.ts'

/** The keys that a table has in one column, for a constant. */
export interface RowConstants {
  /** The names in the database. */
  readonly table: string
  readonly column: string
  /** The column whose values name the members; without it, the keys name themselves. */
  readonly namedBy?: string
  readonly members: readonly RowConstant[]
}

export interface RowConstant {
  readonly name: string
  readonly key: ConstantKey
}

const COMMENT = 'when this file was generated'

/** As `--constants` names them. */
export function constantsArgument({ table, column, namedBy }: Omit<RowConstants, 'members'>): string {
  return `${table}:${column}${namedBy === undefined ? '' : `=${namedBy}`}`
}

/** A constant with a member for each key, and the union of the keys under the same name. */
export function rowConstants(
  name: string,
  { table, column, namedBy, members }: RowConstants,
  { constant, constantType }: SyntaxParts,
): string {
  const lines = members.map((member) => `  ${propertyName(member.name)}: ${literal(member.key)},\n`)
  const object = lines.length === 0 ? '{}' : `{\n${lines.join('')}}`
  const naming = namedBy === undefined ? '' : `, named by ${namedBy},`
  const where = `${table}.${column}${naming}`.replaceAll(/\*\/|[\r\n\u2028\u2029]/g, '?').slice(0, LINE_WIDTH)
  return [
    `/** The keys in ${where} ${COMMENT}. */\n`,
    constant(name, { literal: object }),
    constantType(name, `(typeof ${name})[keyof typeof ${name}]`),
  ].join('')
}

function literal(key: ConstantKey): string {
  if (typeof key === 'string') return stringLiteral(key)
  return typeof key === 'bigint' ? `${key}n` : String(key)
}

/** A generated file's constants, and the rest of the file. */
export interface SplitSource {
  readonly rest: string
  /** By name, the lines of its members. */
  readonly constants: ReadonlyMap<string, { readonly table: string; readonly members: readonly string[] }>
}

const BLOCK = new RegExp(
  String.raw`^/\*\* The keys in (.+?)(?:, named by .+)? ${COMMENT}\. \*/\n(?:export )?const (\S+) = [^{\n]*(?:\{const\}[^{\n]*)?\{\n?((?: {2}.*\n)*)\}(?: as const|\))\n(?:export type|/\*\* @typedef) .*\n\n?`,
  'gm',
)

export function splitConstants(source: string): SplitSource {
  const constants = new Map<string, { table: string; members: readonly string[] }>()
  const rest = source.replaceAll(BLOCK, (_, where: string, name: string, members: string) => {
    const table = where.slice(0, where.lastIndexOf('.'))
    constants.set(name, { table, members: members.split('\n').slice(0, -1) })
    return ''
  })
  return { rest, constants }
}
