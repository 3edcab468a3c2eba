import { setTimeout } from 'node:timers/promises'
import type { Publication } from '../cache/generation.ts'
import type { ProcessCache } from '../cache/process-cache.ts'
import type { Reading, Sending } from '../cache/shared-cache.ts'
import { ER_KEY_DOES_NOT_EXIST, errorNumber } from '../database/server-errors.ts'
import type { Server } from '../database/server-features.ts'
import type { Counters } from '../diagnostics/stats.ts'
import { ConfigurationError, LookupError } from '../errors.ts'
import type { RowIdentities } from '../keys/identity.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import { Entry, type Row, type RowReader } from '../rows/row.ts'
import type { ReadOrigin, StatementListener } from './batch-trace.ts'
import { createLookup, type Lookup } from './lookup.ts'
import { createStatementSize, type Send } from './statement-size.ts'
import { createTableReads, type TableReads } from './table-reads.ts'
import type { TableStore } from './table-store.ts'

/** Where rows come from when nothing holds them: statements, whose answers the process-wide cache shares. */
export interface ServerReads extends TableReads {
  /** Bytes of keys that fit into one statement. */
  maxBytes(): number
  /** Answers in the order of the keys, which are of one unique key; an Error concerns its key alone. */
  rows(definition: KeyDefinition): Send<Entry | undefined>
  /** The same for leading columns of an index. */
  lists(definition: KeyDefinition): Send<readonly Entry[]>
}

export interface ServerReadsOptions {
  readonly table: TableMetadata
  readonly identities: RowIdentities
  readonly reader: RowReader
  /** Connects to the server; rejects where the table cannot be read reliably. */
  connect(): Promise<Server>
  readonly counters: Counters
  /** For the messages of channels. */
  readonly origin: ReadOrigin
  /** How long (ms) a read may take, whatever it waits for. */
  readonly timeout: number
  /** The process-wide cache that rows are published into; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
  /** Takes in what may be shared beyond the process. */
  readonly stored?: Pick<TableStore, 'recorder'> | undefined
  /** How many rows the whole table may have (default any). */
  readonly maxRows?: number | undefined
}

/** How long (ms) to wait before asking again a server that answered from an older version than the process has seen. */
const STALE_RETRY_DELAYS = [25, 50, 100, 200, 400, 800, 1600]

/** Reads one table's rows: committed ones process-wide, or those that a transaction sees. */
export function createServerReads(options: ServerReadsOptions): ServerReads {
  const { table, identities, reader, counters, cache } = options
  const versioned = cache?.mode === 'versioned'
  /** An immutable table does not tell how long a row has been absent, or a list complete. */
  const keepsAbsences = cache?.mode !== 'immutable'
  let connected: Server | undefined
  const size = createStatementSize()

  async function connect(): Promise<Server> {
    const server = await options.connect()
    size.learn(server)
    connected = telling(server, () => counters.statements++)
    return connected
  }

  function failed(error: unknown): unknown {
    counters.failures++
    return errorNumber(error) === ER_KEY_DOES_NOT_EXIST ? staleIndex(table, error) : error
  }

  /**
   * What `read` answers, and where it may be shared. An answer from an older version than the process
   * has seen (a lagging replica) is asked again.
   */
  async function readCurrent<Answer extends Omit<Reading, keyof Sending>>(
    read: (server: Server) => Promise<Answer>,
    sending: StatementListener | undefined,
  ): Promise<{ answer: Answer; publication: Publication | undefined }> {
    const refusal = cache?.mode === 'expiring' ? undefined : cache?.refusal
    if (refusal) throw refusal
    for (const delay of STALE_RETRY_DELAYS) {
      const server = connected ?? (await connect())
      // Noted when the statement begins: the first connect looks at the version, which moves the cache.
      const sent = cache?.send()
      const record = options.stored?.recorder()
      const answer = await read(sending ? telling(server, sending) : server).catch((error) => {
        throw failed(error)
      })
      const { version, torn } = answer
      if (!sent) return { answer, publication: undefined }
      if (version === undefined || version >= sent.floor) {
        const publication = cache!.accept({ ...sent, version, torn })
        return { answer, publication: record ? record(publication) : publication }
      }
      await setTimeout(delay)
    }
    throw new LookupError(
      'KYSELY_LOOKUP_STALE_READ',
      `${table.name}: the server answers from an older version than this process has seen. Does a replica lag? Read from the primary.`,
    )
  }

  const rowOf = identities.areExact ? reader.read : readDistinguished

  function readDistinguished(values: readonly unknown[], from: number): Row | undefined {
    const row = reader.read(values, from)
    if (row) identities.distinguish(row, values, from + reader.columns.length)
    return row
  }

  /** The entry of a row, if there is one. A value that cannot be read fails that row only. */
  function entryOf(
    values: readonly unknown[],
    from: number,
    into?: Publication,
    key?: Key,
  ): Entry | undefined | Error {
    try {
      const row = rowOf(values, from)
      if (!row) return undefined
      return into ? into.publish(row, key) : new Entry(row)
    } catch (error) {
      return error as Error
    }
  }

  /** In several statements where the server's limit for one has been lowered since it was read. */
  function sendFitting<Answer>(
    send: Send<Answer>,
    keys: readonly Key[],
    sending: StatementListener | undefined,
  ): Promise<readonly (Answer | Error)[]> {
    return send(keys, sending).catch((error) => size.sendInParts({ send, keys, sending, error }))
  }

  async function sendKeys(
    lookup: Lookup,
    keys: readonly Key[],
    sending: StatementListener | undefined,
  ): Promise<(Entry | undefined | Error)[]> {
    counters.keysSent += keys.length
    const { answer, publication } = await readCurrent((server) => lookup(server, keys), sending)
    const entries: (Entry | Error | undefined)[] = new Array(keys.length)
    for (const values of answer.rows) {
      const index = keys.length === 1 ? 0 : Number(values[0]) - 1
      entries[index] = entryOf(values, answer.from, publication, keys[index])
    }
    for (let index = 0; index < entries.length; index++) {
      if (entries[index] !== undefined) continue
      counters.absences++
      if (keepsAbsences) publication?.publishAbsence(keys[index]!)
    }
    return entries
  }

  async function sendListKeys(
    lookup: Lookup,
    keys: readonly Key[],
    sending: StatementListener | undefined,
  ): Promise<(readonly Entry[] | Error)[]> {
    counters.keysSent += keys.length
    const { answer, publication } = await readCurrent((server) => lookup(server, keys), sending)
    const lists: (Entry[] | Error)[] = keys.map(() => [])
    for (const values of answer.rows) {
      const index = Number(values[0]) - 1
      const list = lists[index]!
      if (list instanceof Error) continue
      const entry = entryOf(values, answer.from, publication)
      if (entry instanceof Error) lists[index] = entry
      else if (entry) list.push(entry)
    }
    for (const [index, list] of lists.entries()) {
      if (keepsAbsences && !(list instanceof Error)) publication?.publishList(keys[index]!, list)
    }
    return lists
  }

  return {
    maxBytes: () => size.bytes,
    rows(definition) {
      const lookup = createLookup({ table, identities, definition, many: false, versioned })
      const send: Send<Entry | undefined> = (keys, sending) => sendKeys(lookup, keys, sending)
      return (keys, sending) => sendFitting(send, keys, sending)
    },
    lists(definition) {
      const lookup = createLookup({ table, identities, definition, many: true, versioned })
      const send: Send<readonly Entry[]> = (keys, sending) => sendListKeys(lookup, keys, sending)
      return (keys, sending) => sendFitting(send, keys, sending)
    },
    ...createTableReads({ ...options, readCurrent, rowOf }),
  }
}

/** The same server, whose statements' texts are told. */
function telling(server: Server, sending: StatementListener): Server {
  return {
    ...server,
    execute(statement, values) {
      sending(statement.sql)
      return server.execute(statement, values)
    },
  }
}

function staleIndex({ name }: TableMetadata, cause: unknown): LookupError {
  const problem = `${name}: an index that the generated metadata names does not exist any more`
  return new ConfigurationError({
    kind: 'generated-file',
    problem,
    fix: 'Run kysely-lookup generate.',
    cause,
  })
}
