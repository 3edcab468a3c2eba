/** How long it takes from a commit until another process has noticed it: by its poll, and by each doorbell. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Connection, createConnection } from 'mysql2/promise'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { redisDoorbell } from '../../src/redis/index.ts'
import { startThrowawayServer } from '../../src/testing/index.ts'
import { metadataOf } from '../../test/support/lookups.ts'
import { startRedisServer } from '../../test/support/redis/redis-server.ts'
import { type BenchContext, onEachServer } from '../context.ts'
import type { Figure } from '../figure.ts'
import { median, quantile } from '../median.ts'
import type { BenchServer } from '../servers.ts'

/** How many changes are waited for. A poll takes half a second for each. */
const CHANGES: Readonly<Record<string, number>> = { poll: 40, Redis: 300, 'binary log': 300 }
const LOAD_CONNECTIONS = 4

export const visible = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

/** On a server of its own: others keep no binary log. */
async function measureOn({ name }: BenchServer, quick: boolean): Promise<Figure[]> {
  const system = name.startsWith('MySQL') ? 'mysql' : 'mariadb'
  const args = ['--log-bin=binlog', '--server-id=1', '--binlog-format=ROW']
  await using server = await startThrowawayServer({ system, args })
  await using redis = await startRedisServer()
  const url = `${server.url}bench`
  const connection = await createConnection(server.url)
  for (const statement of [
    'create database bench',
    'create table bench.visible (id int not null primary key, value int not null)',
    'create table bench.other (id int not null primary key, value int not null)',
    'insert into bench.visible values (1, 0)',
    'insert into bench.other values (1, 0)',
  ]) {
    await connection.query(statement)
  }
  await connection.end()
  const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: url })
  await createVersionTable(db as never)
  await trackVersion(db as never, 'visible')
  const repos = createRepositories({
    db,
    tables: await metadataOf(db as never),
    versions: { doorbell: redisDoorbell({ url: redis.url }) },
  })
  const table = repos.$table('visible') as unknown as { update(key: number, change: object): Promise<number> }
  await table.update(1, { value: -1 })
  const figures: Figure[] = []
  let value = 0
  for (const load of [false, true]) {
    const stopLoad = load ? await startLoad(url) : async () => {}
    for (const [kind, changes] of Object.entries(CHANGES)) {
      const reader = await startReader(url, kind, redis.url)
      const times: number[] = []
      for (let change = 0; change < (quick ? Math.ceil(changes / 10) : changes); change++) {
        await reader.waits()
        // Not in step with the poll, nor with the last look.
        await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 100))
        const seen = reader.sees()
        await table.update(1, { value: ++value })
        const committed = process.hrtime.bigint()
        times.push(Number((await seen) - committed) / 1e6)
      }
      await reader.stop()
      figures.push({
        case: 'visible',
        server: name,
        what: load ? 'commit to visible, under load' : 'commit to visible, idle',
        side: kind,
        unit: 'ms',
        value: Math.max(0, median(times)),
        more: { p99: Math.max(0, quantile(times, 0.99)) },
      })
    }
    await stopLoad()
  }
  await repos.$close()
  await db.destroy()
  return figures
}

async function startReader(url: string, kind: string, redis: string) {
  const program = fileURLToPath(new URL('visible-reader.ts', import.meta.url))
  const child = fork(program, [url, kind, redis])
  const given: unknown[] = []
  let come = Promise.withResolvers<void>()
  child.on('message', (message) => {
    given.push(message)
    come.resolve()
  })
  child.once('exit', () => come.reject(new Error(`the reader of ${kind} ended`)))
  const message = async () => {
    if (given.length === 0) await come.promise
    come = Promise.withResolvers()
    come.promise.catch(() => {})
    return given.shift()
  }
  await message()
  return {
    async waits() {
      child.send('wait')
      await message()
    },
    async sees(): Promise<bigint> {
      const given = await message()
      return BigInt((given as { readonly at: string }).at)
    },
    async stop() {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** Connections that read and write another table as fast as they are answered. */
async function startLoad(url: string): Promise<() => Promise<void>> {
  let running = true
  const connections = await Promise.all(Array.from({ length: LOAD_CONNECTIONS }, () => createConnection(url)))
  const work = async (connection: Connection, index: number) => {
    while (running) {
      if (index === 0) await connection.query('update other set value = value + 1 where id = 1')
      else await connection.query('select * from other where id = 1')
    }
  }
  const all = connections.map(work)
  return async () => {
    running = false
    await Promise.all(all)
    await Promise.all(connections.map((connection) => connection.end()))
  }
}
