import { type GeneratedTable, Identifier } from './generated-table.ts'
import { LINE_WIDTH, propertyName, stringLiteral } from './source-text.ts'
import type { SyntaxParts } from './syntax.ts'

type Value =
  | string
  | number
  | boolean
  | bigint
  | Identifier
  | readonly Value[]
  | { readonly [name: string]: Value }

/** The run-time metadata: an object literal by table name, laid out as a formatter would. */
export function tablesConstant(tables: readonly GeneratedTable[], { constant }: SyntaxParts): string {
  const entries = tables.map((table) => {
    const { constants, metadata } = table
    const { foreignKeys, ...required } = metadata
    const keys = Object.entries(foreignKeys ?? {}).map(([name, key]) => [name, { ...key }] as const)
    const members: Readonly<Record<string, Value>> = {
      ...required,
      ...(foreignKeys && { foreignKeys: Object.fromEntries(keys) }),
      ...(constants && { constants }),
    }
    const lines = Object.entries(members).map(([name, value]) => property(name, value, 2))
    return `  ${propertyName(table.name)}: {\n${lines.join('')}  },\n`
  })
  const literal = entries.length === 0 ? '{}' : `{\n${entries.join('')}}`
  return constant('tables', { literal, satisfies: 'TablesMetadata' })
}

function property(name: string, value: Value, depth: number): string {
  const prefix = `${indent(depth)}${propertyName(name)}: `
  return `${prefix}${print(value, depth, prefix.length)},\n`
}

function print(value: Value, depth: number, column: number): string {
  const flat = inline(value)
  // One more column for the comma after it.
  if (typeof value !== 'object' || (column + flat.length < LINE_WIDTH && !isList(value))) return flat
  if (Array.isArray(value)) {
    const items = value.map((item) => `${indent(depth + 1)}${print(item, depth + 1, 2 * (depth + 1))},\n`)
    return `[\n${items.join('')}${indent(depth)}]`
  }
  const members = Object.entries(value).map(([name, item]) => property(name, item, depth + 1))
  return `{\n${members.join('')}${indent(depth)}}`
}

/** Several objects read better on lines of their own, even if they would fit on one. */
function isList(value: Value): boolean {
  return Array.isArray(value) && value.length > 1 && typeof value[0] === 'object'
}

function inline(value: Value): string {
  if (typeof value === 'string') return stringLiteral(value)
  if (value instanceof Identifier) return value.name
  if (typeof value !== 'object') return String(value)
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`
  const members = Object.entries(value).map(([name, item]) => `${propertyName(name)}: ${inline(item)}`)
  return `{ ${members.join(', ')} }`
}

function indent(depth: number): string {
  return '  '.repeat(depth)
}
