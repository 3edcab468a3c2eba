import type { Kysely } from 'kysely'
import { expectAdapter } from '../database/lookup-adapter.ts'
import type { DatabaseIdentity } from '../diagnostics/read-subject.ts'
import { statsOf } from '../diagnostics/stats.ts'
import type { TablesMetadata } from '../metadata.ts'
import { createVerification } from '../verification/verification.ts'
import { createServerAccess } from '../verification/verified-server.ts'
import { readGuard } from '../verification/version-check.ts'
import { createVersionWatch } from '../versions/version-watch.ts'
import { AmbientTransactions } from './ambient-transactions.ts'
import { ASSEMBLY, type Assembly } from './assembly.ts'
import { createProcessTables } from './process-tables.ts'
import { createRefreshing } from './refreshing.ts'
import type { CacheModes, RepositoriesOptions } from './repositories-options.ts'
import { createRequestSets } from './request-sets.ts'
import { resolveOptions } from './resolved-options.ts'
import { createStoreLink } from './store-link.ts'
import { createTransactionSets } from './transaction-sets.ts'
import type { Repositories } from './types.ts'

/**
 * Creates a repository for each table of the generated metadata. Create them once per process, and share them.
 *
 * @example
 * ```ts
 * import { type DB, tables } from './schema.ts' // written by kysely-lookup generate
 *
 * const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })
 * const repos = createRepositories({ db, tables, cache: { city: 'immutable', country: 'versioned' } })
 * ```
 * @throws ConfigurationError if an option cannot work. What only the server can tell (its version, the session's settings, whether
 * the metadata is current) is verified once before the first read.
 */
export function createRepositories<
  DB,
  const Tables extends TablesMetadata,
  const Cache extends CacheModes<Tables> = Record<never, never>,
>(options: RepositoriesOptions<DB, Tables, Cache>): Repositories<DB, Tables, Cache> {
  const settings = resolveOptions(options as never)
  const { tables: metadata, allowPlugins } = options
  const db = options.db as unknown as Kysely<unknown>
  const database: DatabaseIdentity = { ...expectAdapter(db).endpoint }

  const tables = createProcessTables({
    ...{ db, tables: metadata, settings, database },
    serverFor: (way) => access.serverFor(way),
    confirmStored: async () => link?.confirm(),
  })
  const watch = createVersionWatch({
    ...{ db, readGuard, tables: tables.followed, settings: settings.versions },
    machine: settings.store?.machine,
    verified: () => void link?.follow(),
  })
  const refreshing = createRefreshing({ settings: settings.versions, tables, watch })
  const access = createServerAccess({
    db,
    settings,
    watch: refreshing,
    verification: createVerification(Object.values(metadata)),
    versioned: [...tables.versioned.keys()],
    database,
    findStored: async () => link?.begin(),
  })
  const { store } = settings
  const link = store && createStoreLink({ store, tables: tables.stored, look: access.lookAtContents })

  const dropCaches = () => {
    for (const cache of tables.caches) cache.drop()
  }
  const $close = async () => {
    await refreshing.stop()
    await Promise.all([watch.stop(), tables.stop(), link?.end()])
  }
  const ambient = new AmbientTransactions()
  const repositories = createRequestSets({
    ...{ db, tables, ambient, look: watch.look },
    announce: refreshing.announce,
    transactions: createTransactionSets({
      ...{ db, tables, ambient, access, metadata, allowPlugins },
      timeout: settings.timeout,
      announce: refreshing.announce,
    }),
    members: {
      $ready: () => access.verifyAll(),
      $refresh: refreshing.refresh,
      $stats: () =>
        Object.fromEntries(
          [...tables.byName].map(([name, { counters, cache, events }]) => [
            name,
            statsOf({
              ...{ counters, generation: cache?.current, since: events.since },
              doorbell: refreshing.counts,
              verifiedAt: cache && cache.mode !== 'expiring' ? watch.verifiedAt() : undefined,
            }),
          ]),
        ),
      $close,
      [Symbol.asyncDispose]: $close,
      [ASSEMBLY]: { db, tables: metadata, settings, dropCaches } satisfies Assembly,
    },
  })
  return repositories as unknown as Repositories<DB, Tables, Cache>
}
