import { createDatabase, createRepositories } from '../../src/index.ts'
import { type AnyDB, type AnyRepositories, metadataOf } from './lookups.ts'
import { startRestartableServer } from './outage/restartable-server.ts'
import { systemUnderTest } from './server.ts'

const DATABASE = 'packets'
/** A statement of 200,000 keys of six digits is larger. */
const SMALL = 512 * 1024

export interface PacketServer extends AsyncDisposable {
  /** With the database. */
  readonly url: string
  /** Lowers `max_allowed_packet` for all connections, those that are open included: they are cut. */
  shrinkPackets(): Promise<void>
}

/** A private server of the system under test, whose settings a test may change. */
export async function startSmallServer(statements: readonly string[]): Promise<PacketServer> {
  const system = await systemUnderTest()
  const server = await startRestartableServer({ system })
  if (!server) throw new Error(`There is no ${system} program on this machine.`)
  await server.run(`create database ${DATABASE}`, `use ${DATABASE}`, ...statements)
  return {
    url: new URL(DATABASE, server.url).href,
    async shrinkPackets() {
      await server.run(`set global max_allowed_packet = ${SMALL}`)
      const others = await server.run(
        `select id as id from information_schema.processlist where db = '${DATABASE}'`,
      )
      for (const { id } of others) await server.run(`kill ${id}`).catch(() => {})
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Repositories over the server's database, large batches allowed. */
export async function createRepositoriesOn(
  server: PacketServer,
): Promise<AsyncDisposable & { readonly repos: AnyRepositories }> {
  const db = createDatabase<AnyDB>({ uri: server.url })
  const tables = await metadataOf(db)
  // No machine is to be too slow for so many keys.
  const repos = createRepositories({
    ...{ db, tables, maxBatchSize: 200_000, timeout: 600_000 },
  }) as unknown as AnyRepositories
  return {
    repos,
    async [Symbol.asyncDispose]() {
      await repos.$close()
      await db.destroy()
    },
  }
}
