import { LookupError } from './errors.ts'
import type { Key, KeyDefinition } from './key.ts'
import type { Server } from './server.ts'
import { keyStatement, listStatement, type Statement, unionStatement } from './statement.ts'
import type { TableMetadata } from './table.ts'

/** Rows as arrays: the position (from 1) of the key that they answer, then the columns. */
export type Rows = readonly (readonly unknown[])[]

/** Asks the server for keys of one definition, in the form that the server understands. */
export type Lookup = (server: Server, keys: readonly Key[]) => Promise<Rows>

export interface LookupOptions {
  readonly table: TableMetadata
  readonly definition: KeyDefinition
  /** Whether a key has many rows (in primary-key order) or one at most. */
  readonly many: boolean
}

/** A `union all` of more is slow to parse. */
const UNION_LIMIT = 128

export function createLookup(options: LookupOptions): Lookup {
  const json = jsonLookup(options)
  const union = unionLookup(options)
  return (server, keys) => (server.form === 'json_table' ? json(server, keys) : union(server, keys))
}

function jsonLookup({ table, definition, many }: LookupOptions): Lookup {
  const statement = many ? listStatement(table, definition) : keyStatement(table, definition)
  return async ({ execute }, keys) => {
    const rows = await execute(statement, [`[${keys.map(({ json }) => json).join(',')}]`])
    // One answer per key, found or not: taking a key without one for an absence would be a wrong answer.
    if (many || rows.length === keys.length) return rows
    throw new LookupError(
      'KYSELY_LOOKUP_PROTOCOL',
      `${table.name}: ${keys.length} keys were sent and ${rows.length} answers came; one each was expected. Is the key still unique? Run kysely-lookup generate.`,
    )
  }
}

/** Texts are prepared for powers of two, so that few are needed; the last key fills up. */
function unionLookup({ table, definition, many }: LookupOptions): Lookup {
  const statements = new Map<number, Statement>()
  return async ({ execute }, keys) => {
    const rows: (readonly unknown[])[] = []
    for (let from = 0; from < keys.length; from += UNION_LIMIT) {
      const chunk = keys.slice(from, from + UNION_LIMIT)
      const size = 2 ** Math.ceil(Math.log2(chunk.length))
      let statement = statements.get(size)
      if (!statement) {
        statement = unionStatement(table, definition, { keys: size, ordered: many })
        statements.set(size, statement)
      }
      const values: unknown[] = []
      for (let index = 0; index < size; index++) {
        const key = chunk[Math.min(index, chunk.length - 1)]!
        // Positions travel as text: a number would be sent as a DOUBLE.
        values.push(String(index < chunk.length ? from + index + 1 : 0), ...key.parts.map(scalarText))
      }
      for (const row of await execute(statement, values)) if (Number(row[0]) > 0) rows.push(row)
    }
    return rows
  }
}

/** A JSON scalar as the text that a parameter is bound to. */
function scalarText(json: string): string | null {
  if (json === 'null') return null
  return json.startsWith('"') ? (JSON.parse(json) as string) : json
}
