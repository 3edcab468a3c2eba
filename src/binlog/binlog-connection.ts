import { randomInt } from 'node:crypto'
import { type Connection, createConnection } from 'mysql2'
import { ConfigurationError } from '../errors.ts'
import type { ConnectionEvents, DoorbellConnection } from '../versions/connected-doorbell.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import { explained } from './binlog-errors.ts'
import { createEventReader } from './event-reader.ts'

/** Milliseconds between the server's signs of life, and after which a silent one counts as gone. */
const HEARTBEAT = 5_000
const SILENCE = 16_000
const CONNECT_TIMEOUT = 10_000

/** What the stream is asked for; rows are not among them, so that none is decoded. */
const EVENTS = [
  ...['rotate', 'heartbeat', 'gtid', 'anonymousgtid', 'mariadbgtid'],
  ...['tablemap', 'xid', 'query', 'xaprepare'],
  ...['transactionpayload', 'partialupdaterows', 'unknown'],
]

/** Listens to the binary log from its end on. Resolves when the server has begun to send. */
export async function connectBinlog(uri: string, events: ConnectionEvents): Promise<DoorbellConnection> {
  const ZongJi = await loadZongJi()
  const settings = { uri, connectTimeout: CONNECT_TIMEOUT, enableKeepAlive: true }
  const database = await inspect(settings).catch((error: unknown) => {
    throw explained(error)
  })
  const zongji = new ZongJi(settings)
  const reader = createEventReader({ database, changed: () => events.heard() })
  const { promise, resolve, reject } = Promise.withResolvers<DoorbellConnection>()
  let silence: NodeJS.Timeout | undefined

  function heardOf(): void {
    clearTimeout(silence)
    silence = setTimeout(() => fail(new Error(`The server has been silent for ${SILENCE} ms.`)), SILENCE)
    silence.unref()
  }

  function close(): void {
    clearTimeout(silence)
    zongji.stop()
  }

  function fail(cause: unknown): void {
    const error = explained(cause)
    close()
    reject(error)
    events.lost(error)
  }

  zongji.on('error', (error) => {
    // What the server or the connection has to say ends the stream; what cannot be decoded does not.
    if ('errno' in error || 'code' in error) fail(error)
    else events.heard()
  })
  zongji.on('ready', () => {
    // Sent before the stream is asked for: without it a quiet server cannot be told from one that is gone.
    const nanoseconds = HEARTBEAT * 1_000_000
    zongji.connection!.query(
      `set @master_heartbeat_period = ${nanoseconds}, @source_heartbeat_period = ${nanoseconds}`,
      (error) => error && fail(error),
    )
  })
  zongji.on('binlog', (event) => {
    heardOf()
    resolve({ close })
    reader.read(event)
  })
  heardOf()
  zongji.start({
    // Two readers of one number end each other.
    serverId: randomInt(2 ** 31, 2 ** 32),
    startAtEnd: true,
    includeEvents: EVENTS,
    includeSchema: { [database]: [VERSION_TABLE] },
  })
  unref(zongji.connection)
  unref(zongji.ctrlConnection)
  return promise
}

/** The database's name, as the binary log has it. The version table has to be readable. */
async function inspect(settings: object): Promise<string> {
  const connection = createConnection(settings)
  try {
    const query = (text: string) =>
      new Promise<object[]>((resolve, reject) => {
        connection.once('error', reject)
        connection.query(text, (error, rows) => (error ? reject(error) : resolve(rows as object[])))
      })
    await query(`select 1 from ${VERSION_TABLE} limit 0`)
    const [row] = await query('select database() as name')
    return String((row as { name: unknown }).name)
  } finally {
    connection.destroy()
  }
}

/** The process may exit although it listens. */
function unref(connection: Connection | null): void {
  const { stream } = connection as unknown as { readonly stream?: { unref?(): void } }
  stream?.unref?.()
}

async function loadZongJi() {
  const { default: ZongJi } = await import('@vlasky/zongji').catch((cause: unknown) => {
    throw new ConfigurationError({
      kind: 'option',
      problem: 'kysely-lookup/binlog: the package @vlasky/zongji cannot be loaded',
      fix: 'Install it: npm install @vlasky/zongji.',
      cause,
    })
  })
  return ZongJi
}
