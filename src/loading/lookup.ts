import type { Server } from '../database/server-features.ts'
import type { Statement } from '../database/statement.ts'
import { ConfigurationError, LookupError } from '../errors.ts'
import type { Key, Token } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import { keyStatement, loneStatement, type StatementOptions, unionStatement } from './lookup-sql.ts'

/** Rows as arrays: the position (from 1) of the key that they answer, then the columns from `from` on. */
export interface Answers {
  readonly rows: readonly (readonly unknown[])[]
  readonly from: number
  /** The table's version in the same snapshot, where it was asked for. */
  readonly version?: number | undefined
  /** They came by several statements between which the table changed; `version` is the last one's. */
  readonly torn?: boolean
}

/** Asks the server for keys of one definition, in the form that the server understands. */
export type Lookup = (server: Server, keys: readonly Key[]) => Promise<Answers>

/** A `union all` of more is slow to parse. */
const UNION_LIMIT = 128

export function createLookup(options: StatementOptions): Lookup {
  const json = jsonLookup(options)
  const union = unionLookup(options)
  const lone = loneLookup(options)
  return (server, keys) => {
    if (server.form === 'union_all') return union(server, keys)
    return keys.length === 1 && lone ? lone(server, keys) : json(server, keys)
  }
}

function loneLookup(options: StatementOptions): Lookup | undefined {
  const { table, versioned } = options
  const statement = loneStatement(options)
  if (!statement) return undefined
  return async ({ execute }, [key]) => {
    const rows = await execute(statement, key!.tokens.map(tokenText))
    if (rows.length > 1 || (versioned && rows.length === 0)) throw unexpected(table, 1, rows.length)
    return versioned ? { rows, from: 2, version: versionIn(table.name, rows[0]) } : { rows, from: 1 }
  }
}

function jsonLookup(options: StatementOptions): Lookup {
  const statement = keyStatement(options)
  return async ({ execute }, keys) => {
    const rows = await execute(statement, [`[${keys.map(({ json }) => json).join(',')}]`])
    return answersOf(options, rows, keys.length)
  }
}

/** Texts are prepared for powers of two, so that few are needed; the last key fills up. */
function unionLookup(options: StatementOptions): Lookup {
  const statements = new Map<number, Statement>()

  async function ask({ execute }: Server, keys: readonly Key[]): Promise<Answers> {
    const size = 2 ** Math.ceil(Math.log2(keys.length))
    let statement = statements.get(size)
    if (!statement) {
      statement = unionStatement({ ...options, keys: size })
      statements.set(size, statement)
    }
    const values: unknown[] = []
    for (let index = 0; index < size; index++) {
      const key = keys[Math.min(index, keys.length - 1)]!
      values.push(...key.tokens.map(tokenText))
    }
    const answers = answersOf(options, await execute(statement, values), size)
    return { ...answers, rows: answers.rows.filter(([position]) => Number(position) <= keys.length) }
  }

  return async (server, keys) => {
    if (keys.length <= UNION_LIMIT) return await ask(server, keys)
    const rows: (readonly unknown[])[] = []
    const versions = new Set<number | undefined>()
    let last: Answers | undefined
    for (let first = 0; first < keys.length; first += UNION_LIMIT) {
      last = await ask(server, keys.slice(first, first + UNION_LIMIT))
      for (const [position, ...values] of last.rows) rows.push([first + Number(position), ...values])
      versions.add(last.version)
    }
    return { ...last!, rows, torn: versions.size > 1 }
  }
}

function answersOf(
  { table, many, versioned }: StatementOptions,
  rows: readonly (readonly unknown[])[],
  keys: number,
): Answers {
  // One answer per key, found or not: taking a key without one for an absence would be a wrong answer.
  if (many ? rows.length < keys : rows.length !== keys) throw unexpected(table, keys, rows.length)
  return versioned ? { rows, from: 2, version: versionIn(table.name, rows[0]) } : { rows, from: 1 }
}

function unexpected(table: TableMetadata, keys: number, answers: number): LookupError {
  return new LookupError(
    'KYSELY_LOOKUP_PROTOCOL',
    `${table.name}: ${keys} keys were sent and ${answers} answers came; one each was expected. Is the key still unique? Run kysely-lookup generate.`,
  )
}

/** @throws ConfigurationError where the table has no version rows. */
export function versionIn(table: string, row: readonly unknown[] | undefined): number {
  const version = row?.[1]
  if (version !== null && version !== undefined) return Number(version)
  throw new ConfigurationError({
    kind: 'versions',
    problem: `${table}: the version table has no rows for it, so that changes would go unnoticed`,
    fix: `Call trackVersion(db, ${JSON.stringify(table)}) of kysely-lookup/migration in a migration.`,
  })
}

/** The text that a parameter is bound to. */
function tokenText(token: Token): string | null {
  return token === null ? null : String(token)
}
