import type { Kysely } from 'kysely'
import { startDeadline } from './deadline.ts'
import { createExecute } from './execute.ts'
import type { ResolvedOptions } from './options.ts'
import type { ProcessCache } from './process-cache.ts'
import { readFeatures, type Server } from './server.ts'
import type { TableMetadata } from './table.ts'
import type { Verification } from './verification.ts'
import { checkVersion } from './version-check.ts'
import type { VersionWatch } from './version-watch.ts'

/** Ways to the server that are verified before their first statement. */
export interface ServerAccess {
  /** The way to one table's rows, over the database or a transaction; `cached` where they are shared process-wide. */
  serverFor(way: Way): () => Promise<Server>
  /** Verifies everything now. */
  verifyAll(): Promise<void>
}

export interface Way {
  readonly table: TableMetadata
  readonly over: Kysely<unknown>
  readonly cached?: ProcessCache | undefined
}

export interface ServerAccessOptions {
  readonly db: Kysely<unknown>
  readonly settings: ResolvedOptions
  readonly verification: Verification
  readonly watch: VersionWatch
  /** The tables whose versions must move with their changes. */
  readonly versioned: readonly string[]
}

export function createServerAccess(options: ServerAccessOptions): ServerAccess {
  const { db, settings, verification, watch, versioned } = options
  const followed = new Set<string>()
  let features: Omit<Server, 'execute'> | undefined

  async function follow(over: Kysely<unknown>, table: string): Promise<void> {
    if (followed.has(table)) return
    await checkVersion(over, table)
    followed.add(table)
  }

  async function connect({ table, over, cached }: Way): Promise<Server> {
    await verification.verify(table.name, over)
    if (cached?.mode === 'versioned') await follow(over, table.name)
    if (cached) await watch.start()
    features ??= await readFeatures(over)
    const execute = createExecute(over, { what: table.name, timeout: settings.timeout })
    return { execute, ...features, ...(settings.statementForm && { form: settings.statementForm }) }
  }

  async function verifyAll(): Promise<void> {
    await verification.verifyAll(db)
    for (const table of versioned) await follow(db, table)
    await watch.start()
    features ??= await readFeatures(db)
  }

  return {
    serverFor(way) {
      let connected: Promise<Server> | undefined
      return () => {
        if (connected) return connected
        const attempt = inTime(connect(way), { what: way.table.name, timeout: settings.timeout })
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
    verifyAll: () => inTime(verifyAll(), { what: '$ready', timeout: settings.timeout }),
  }
}

async function inTime<Result>(
  work: Promise<Result>,
  options: { readonly what: string; readonly timeout: number },
): Promise<Result> {
  const deadline = startDeadline(options)
  try {
    return await Promise.race([work, deadline.rejection])
  } finally {
    deadline.stop()
  }
}
