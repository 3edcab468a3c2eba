import { ER_LOCK_WAIT_TIMEOUT, errorNumber } from '../database/server-errors.ts'
import type { Server } from '../database/server-features.ts'
import type { Statement } from '../database/statement.ts'
import { ConfigurationError, LookupError } from '../errors.ts'
import type { DistinguishedColumn, RowIdentities } from '../keys/identity.ts'
import type { Key } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import { SOLE } from '../versions/version-table.ts'
import {
  emptyTableStatement,
  keyCondition,
  keyStatement,
  type LoneVersion,
  loneStatement,
  type StatementOptions,
  tableStatement,
  unionStatement,
} from './lookup-sql.ts'

/** Rows as arrays: the position (from 1) of the key that they answer, if there are several keys; then the columns, from `from` on. */
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

export interface LookupOptions extends Omit<StatementOptions, 'distinguished'> {
  readonly identities: RowIdentities
}

/** A `union all` of more is slow to parse. */
export const UNION_LIMIT = 128

/** @see Lookup */
export function createLookup(options: LookupOptions): Lookup {
  return readingUnlocked(options, (versioned) =>
    readingDistinctly(options, (distinguished) => createAsk({ ...options, versioned, distinguished })),
  )
}

/** Reads the first `limit` rows of a whole table, as answers to no key. */
export function createTableRead(
  options: Omit<LookupOptions, 'definition' | 'many'> & { readonly limit: number },
) {
  const { table } = options
  return readingUnlocked(options, (versioned) =>
    readingDistinctly(options, (distinguished) => async ({ execute }: Server) => {
      const reading = { ...options, versioned, distinguished }
      let rows = await execute(tableStatement(reading), [])
      if (versioned && rows.length === 0) rows = await execute(emptyTableStatement(reading), [])
      return { rows, from: 2, ...(versioned && { version: versionIn(table.name, rows[0]) }) }
    }),
  )
}

type Ask<Asked extends readonly unknown[]> = (server: Server, ...asked: Asked) => Promise<Answers>

/** How long (ms) after a version could not be read none is asked for. */
const LOCKED_TIME = 3_000

/**
 * Reads without the version, which LOCK TABLES on another table may keep from being read. Such an answer is right, and nobody
 * shares it.
 */
function readingUnlocked<Asked extends readonly unknown[]>(
  { versioned }: Pick<LookupOptions, 'versioned'>,
  create: (versioned: boolean) => Ask<Asked>,
): Ask<Asked> {
  const ask = create(versioned)
  if (!versioned) return ask
  const alone = create(false)
  let lockedUntil = 0
  return async (server, ...asked) => {
    if (performance.now() < lockedUntil) return await alone(server, ...asked)
    try {
      return await ask(server, ...asked)
    } catch (error) {
      if (errorNumber(error) !== ER_LOCK_WAIT_TIMEOUT) throw error
      lockedUntil = performance.now() + LOCKED_TIME
      return await alone(server, ...asked)
    }
  }
}

/** Asks again with all distinctions when the first row comes that needs them, and always from then on. */
function readingDistinctly<Asked extends readonly unknown[]>(
  { identities }: Pick<LookupOptions, 'identities'>,
  create: (distinguished: readonly DistinguishedColumn[]) => Ask<Asked>,
): Ask<Asked> {
  const distinguished = identities.distinguished(false)
  const common = create(distinguished)
  if (identities.distinguished(true).length === distinguished.length) return common
  let exact: ReturnType<typeof create> | undefined
  return async (server, ...asked) => {
    if (exact) return await exact(server, ...asked)
    const answers = await common(server, ...asked)
    if (!answers.rows.some((values) => identities.needsDistinctions(values, answers.from))) return answers
    exact ??= create(identities.distinguished(true))
    return await exact(server, ...asked)
  }
}

function createAsk(options: StatementOptions): Lookup {
  const json = jsonLookup(options)
  const union = unionLookup(options)
  const lone = options.many ? undefined : loneLookup(options)
  return (server, keys) => {
    if (keys.length === 1 && lone) return lone(server, keys)
    return server.form === 'json_table' ? json(server, keys) : union(server, keys)
  }
}

function loneLookup(options: StatementOptions): Lookup {
  const { table, definition, versioned } = options
  /** Each is made when it is first sent: most tables need one. */
  const statements: { [version in LoneVersion]?: Statement } = {}
  const { parts } = keyCondition(definition, (name) => name)

  async function ask({ execute }: Server, version: LoneVersion, key: Key) {
    statements[version] ??= loneStatement({ ...options, version })
    const rows = await execute(
      statements[version],
      parts.map((part) => String(key.tokens[part])),
    )
    if (rows.length > 1) throw unexpected(table, 1, rows.length)
    return rows
  }

  if (!versioned) return async (server, [key]) => ({ rows: await ask(server, 'sum', key!), from: 0 })
  /** What the last answer has shown to be enough. Each answer says for its own time whether it was. */
  let enough: LoneVersion = 'sum'
  return async (server, [key]) => {
    if (enough === 'first') {
      const rows = await ask(server, 'first', key!)
      const version = Number(rows[0]?.[0])
      if (version >= SOLE) return { rows, from: 1, version }
      enough = 'both'
    }
    const asked = enough
    const rows = await ask(server, asked, key!)
    const version = versionIn(table.name, rows[0])
    // Where there is one slot its version is the sum.
    if (version < SOLE) enough = 'sum'
    else enough = asked === 'both' && Number(rows[0]![0]) >= SOLE ? 'first' : 'both'
    return { rows, from: 2, version }
  }
}

function jsonLookup(options: StatementOptions): Lookup {
  const statement = keyStatement(options)
  return async ({ execute }, keys) => {
    const rows = await execute(statement, [`[${keys.map(({ json }) => json).join(',')}]`])
    return answersOf(options, rows, keys.length)
  }
}

/** Statements are prepared for powers of two, so that few are needed; the last key is repeated to fill the rest. */
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
      values.push(...key.tokens.map(String))
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
function versionIn(table: string, row: readonly unknown[] | undefined): number {
  const version = row?.[1]
  if (version !== null && version !== undefined) return Number(version)
  throw new ConfigurationError({
    kind: 'versions',
    problem: `${table}: the version table has no rows for it, so that changes would go unnoticed`,
    fix: `Call trackVersion(db, ${JSON.stringify(table)}) of kysely-lookup/migration in a migration.`,
  })
}
