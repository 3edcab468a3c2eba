import type { Kysely } from 'kysely'
import type { ProcessCache } from '../cache/process-cache.ts'
import { withinDeadline } from '../database/deadline.ts'
import { createExecute } from '../database/execute.ts'
import { expectAdapter, ownDatabase } from '../database/lookup-adapter.ts'
import type { LookupMark } from '../database/parameter-marks.ts'
import { retryLost } from '../database/retry.ts'
import { readFeatures, type Server, type StatementForm } from '../database/server-features.ts'
import { statement } from '../database/statement.ts'
import type { DatabaseIdentity } from '../diagnostics/read-subject.ts'
import type { TableMetadata } from '../metadata.ts'
import type { TableContent } from '../store/namespace.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import type { VersionWatch } from '../versions/version-watch.ts'
import { type LookedUpTable, lookAtContents } from './content-look.ts'
import type { Verification } from './verification.ts'
import { checkVersion } from './version-check.ts'

/** Ways to the server that are verified before their first statement. */
export interface ServerAccess {
  /** The way to one table's rows, over the database or a transaction; `cached` where they are shared process-wide. */
  serverFor(way: Way): () => Promise<Server>
  /** Verifies everything now. */
  verifyAll(): Promise<void>
  /** Looks what tells the content of tables from any other. */
  lookAtContents(tables: readonly LookedUpTable[]): Promise<ReadonlyMap<string, TableContent>>
}

export interface Way {
  readonly table: TableMetadata
  readonly over: Kysely<unknown>
  readonly cached?: ProcessCache | undefined
  readonly ranIn?: LookupMark['ranIn']
}

interface ServerAccessSettings {
  /** Milliseconds over a read. */
  readonly timeout: number
  /** Where it should not be found out. */
  readonly statementForm: StatementForm | undefined
}

export interface ServerAccessOptions {
  readonly db: Kysely<unknown>
  readonly settings: ServerAccessSettings
  readonly verification: Verification
  readonly watch: Pick<VersionWatch, 'start'> & {
    /** Begins to listen for changes. */
    listen(): void
  }
  /** Finds where the rows of cached tables are in the store, if there is one. */
  findStored?(): Promise<void>
  /** The tables whose versions must move with their changes. */
  readonly versioned: readonly string[]
  /** Completed with what the server says of itself. */
  readonly database: { -readonly [name in keyof DatabaseIdentity]: DatabaseIdentity[name] }
}

export function createServerAccess(options: ServerAccessOptions): ServerAccess {
  const { db, settings, verification, watch, versioned, database } = options
  const { timeout } = settings
  const followed = new Set<string>()
  const configured = expectAdapter(db).configured()
  let features: Omit<Server, 'execute'> | undefined

  async function featuresOver(over: Kysely<unknown>): Promise<Omit<Server, 'execute'>> {
    if (features) return features
    features = await readFeatures(over, settings.statementForm)
    database.system = features.system
    if (features.databaseName) database.name = features.databaseName
    return features
  }

  async function follow(over: Kysely<unknown>, table: string): Promise<void> {
    if (followed.has(table)) return
    await checkVersion(over, table)
    followed.add(table)
  }

  /** Runs the checks over a database within their time. */
  async function check<Result>(
    { what, over }: { readonly what: string; readonly over: Kysely<unknown> },
    work: (own: Kysely<unknown>) => Promise<Result>,
  ): Promise<Result> {
    const own = ownDatabase(over)
    const inTransaction = own.isTransaction
    // The session of a transaction is asked before anything is believed that is read in it.
    if (inTransaction) await createExecute(own, { what, timeout, configured })(statement('select 1'), [])
    const limit = { what, timeout, due: performance.now() + timeout }
    const read = () => withinDeadline(limit, () => work(own))
    return read().catch((error) => retryLost(error, { limit, inTransaction }, read))
  }

  async function connect({ table, over, cached, ranIn }: Way, own: Kysely<unknown>): Promise<Server> {
    await verification.verify(table.name, own)
    if (cached?.mode === 'versioned') await follow(own, table.name)
    if (cached) watch.listen()
    if (cached && cached.mode !== 'expiring') {
      await watch.start()
      await options.findStored?.()
    }
    const features = await featuresOver(own)
    const execute = createExecute(over, {
      ...{ what: table.name, timeout, ranIn },
      ...{ table: table.name, database: features.databaseName },
    })
    return { execute, ...features }
  }

  return {
    serverFor(way) {
      let connected: Promise<Server> | undefined
      return () => {
        if (connected) return connected
        const { table, over } = way
        const attempt = check({ what: table.name, over }, (own) => connect(way, own))
        // Only a success is remembered.
        attempt.then(
          () => {
            connected = attempt
          },
          () => {},
        )
        return attempt
      }
    },
    verifyAll: () =>
      check({ what: 'database', over: db }, async (own) => {
        await verification.verifyAll(own)
        for (const table of versioned) await follow(own, table)
        watch.listen()
        await watch.start()
        await options.findStored?.()
        await featuresOver(own)
      }),
    lookAtContents: (tables) =>
      check({ what: VERSION_TABLE, over: db }, (own) => lookAtContents(own, tables)),
  }
}
