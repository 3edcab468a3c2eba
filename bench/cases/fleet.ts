/** What a fleet costs its server, and how soon its processes see a commit: many real pollers against one server. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { redisDoorbell } from '../../src/redis/index.ts'
import { startThrowawayServer } from '../../src/testing/server/throwaway-server.ts'
import { type AnyDB, type AnyRepositories, metadataOf } from '../../test/support/lookups.ts'
import { startRedisServer } from '../../test/support/redis/redis-server.ts'
import type { BenchContext } from '../context.ts'
import type { Figure } from '../figure.ts'
import { quantile } from '../median.ts'
import type { FleetTask, Seen } from './fleet-process.ts'

const POLLERS = [10, 100, 500]
const PROCESSES = 5
const TABLES = 20
/** The kernel's unit of processor time in `/proc`. */
const TICKS = 100

/** How processes hear of changes. With a doorbell they poll seldom, as docs/scale.md says. */
interface Hearing {
  readonly name: string
  readonly doorbell: FleetTask['doorbell']
  /** Milliseconds. */
  readonly pollInterval: number
  /** One more process listens to the binary log, and rings for all. */
  readonly watch?: boolean
  /** Milliseconds from one commit to the next, at least. */
  readonly rest: number
  readonly most?: number
}

const HEARING: readonly Hearing[] = [
  { name: 'poll each second', doorbell: 'none', pollInterval: 1_000, rest: 1_500 },
  { name: 'Redis, poll each 30 s', doorbell: 'redis', pollInterval: 30_000, rest: 1_000 },
  {
    name: 'watch and Redis, poll each 30 s',
    doorbell: 'redis',
    pollInterval: 30_000,
    rest: 1_000,
    watch: true,
  },
  // Each of them is a replica to the server.
  { name: 'binary log, poll each 30 s', doorbell: 'binlog', pollInterval: 30_000, rest: 1_000, most: 100 },
]

/** On a server of its own, with room for all connections. */
export async function fleet({ quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  const args = ['--max-connections=3000', '--log-bin=binlog', '--server-id=1', '--binlog-format=ROW']
  await using server = await startThrowawayServer({ args })
  await using redis = await startRedisServer()
  const connection = await createConnection(server.url)
  const [[about]] = await connection.query<RowDataPacket[]>('select version() version, @@pid_file pid')
  const name = `${/mariadb/i.test(about!.version) ? 'MariaDB' : 'MySQL'} ${Number.parseFloat(about!.version)}`
  const pid = (await readFile(about!.pid, 'utf8')).trim()
  await connection.query('create database fleet')
  await connection.query('use fleet')
  const url = new URL(server.url)
  url.pathname = '/fleet'
  const tables = await prepare(url.href, connection)
  for (const pollers of POLLERS) {
    for (const hearing of HEARING) {
      const what = `${pollers} processes, ${TABLES} tables, ${hearing.name}`
      if (!wants(what) || pollers > (hearing.most ?? pollers)) continue
      progress(what)
      const { doorbell, pollInterval } = hearing
      const task = {
        ...{ url: url.href, pollers: pollers / PROCESSES, tables },
        ...{ doorbell, pollInterval, redis: redis.url },
      }
      const { latencies, ...more } = await measure({
        task,
        hearing,
        connection,
        pid,
        seconds: quick ? 5 : 10,
      })
      const figure: Figure = {
        ...{ case: 'fleet', server: name, what, side: 'commit to visible, median', unit: 'ms' },
        value: quantile(latencies, 0.5),
        more: { p99: quantile(latencies, 0.99), ...more },
      }
      progress(`${figure.value} ${JSON.stringify(figure.more)}`)
      figures.push(figure)
    }
  }
  await connection.end()
  return figures
}

async function prepare(url: string, connection: Connection) {
  await using db = createDatabase<AnyDB>({ uri: url })
  await createVersionTable(db)
  for (let index = 0; index < TABLES; index++) {
    await connection.query(`create table t${index} (id int not null primary key, value int not null)`)
    await connection.query(`insert into t${index} values (1, 0)`)
    await trackVersion(db, `t${index}`)
  }
  const { lookup_version: _, ...tables } = await metadataOf(db)
  return tables
}

interface Measuring {
  readonly task: FleetTask
  readonly hearing: Hearing
  readonly connection: Connection
  readonly pid: string
  readonly seconds: number
}

async function measure({ task, hearing, connection, pid, seconds }: Measuring) {
  const program = fileURLToPath(new URL('fleet-process.ts', import.meta.url))
  const watching = hearing.watch ? await startWatch(task) : undefined
  const children = Array.from({ length: PROCESSES }, () => fork(program, [JSON.stringify(task)]))
  try {
    await Promise.all(children.map((child) => once(child, 'message')))
    // Without a write first: what polls alone cost.
    const before = await readCosts(connection, pid)
    await pause(seconds * 1_000)
    const after = await readCosts(connection, pid)
    const commits = await commitFor({ task, hearing, connection, seconds })
    await pause(Math.min(3 * task.pollInterval, 5_000))
    const seen = (await Promise.all(children.map(seenBy))).flat()
    const latencies = latenciesOf(commits, seen)
    const statements = after.statements - before.statements
    return {
      latencies,
      // Less than 1: some have not seen every commit by themselves, but one later.
      seen: latencies.length / (commits.length * task.pollers * PROCESSES),
      'statements per second': (statements * 1_000) / (after.at - before.at),
      'server ms per second': ((after.cpu - before.cpu) * 1_000) / (after.at - before.at),
      'server µs per statement': ((after.cpu - before.cpu) * 1_000) / statements,
    }
  } finally {
    for (const child of children) child.send('close')
    await Promise.all(children.map((child) => once(child, 'exit')))
    watching?.kill()
  }
}

/** Resolves when it listens to the binary log and can ring. */
async function startWatch({ url, redis }: FleetTask): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))
  const child = fork(program, ['watch', '--url', url, '--redis', redis], { silent: true })
  const connected = Promise.withResolvers<void>()
  child.once('exit', () => connected.reject(new Error('watch has ended')))
  let said = ''
  child.stdout!.on('data', (text) => {
    said += text
    if (/Redis: connected/.test(said) && /binary log: connected/.test(said)) connected.resolve()
  })
  await connected.promise
  return child
}

async function readCosts(connection: Connection, pid: string) {
  const [[row]] = await connection.query<RowDataPacket[]>("show global status like 'Com_select'")
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
  const cpu = ((Number(stat[11]) + Number(stat[12])) / TICKS) * 1_000
  return { statements: Number(row!.Value), cpu, at: performance.now() }
}

interface Committing extends Omit<Measuring, 'pid'> {}

/** Changes one row now and then, after everybody should have seen the last change. */
async function commitFor({ task, hearing, connection, seconds }: Committing): Promise<Seen[]> {
  await using db = createDatabase<AnyDB>({ uri: task.url })
  // Past repositories where another process rings.
  const rings = task.doorbell === 'redis' && !hearing.watch
  await using repos = createRepositories({
    ...{ db, tables: task.tables },
    ...(rings && { versions: { doorbell: redisDoorbell({ url: task.redis }) } }),
  }) as unknown as AnyRepositories
  const commits: Seen[] = []
  const end = performance.now() + seconds * 1_000
  let value = 0
  while (performance.now() < end) {
    value++
    if (rings) await repos.t0!.update(1, { value })
    else await connection.query(`update t0 set value = ${value}`)
    const at = Number(process.hrtime.bigint()) / 1e6
    const [[row]] = await connection.query<RowDataPacket[]>(
      "select cast(sum(version) as unsigned) version from lookup_version where table_name = 't0'",
    )
    commits.push({ version: Number(row!.version), at })
    await pause(hearing.rest + (Math.random() * hearing.rest) / 2)
  }
  return commits
}

async function seenBy(child: ChildProcess): Promise<Seen[]> {
  const reply = once(child, 'message')
  child.send('seen')
  return ((await reply) as [Seen[]])[0]
}

function latenciesOf(commits: readonly Seen[], seen: readonly Seen[]): number[] {
  const times = new Map(commits.map(({ version, at }) => [version, at]))
  return seen.flatMap(({ version, at }) => {
    const committed = times.get(version)
    return committed === undefined ? [] : [at - committed]
  })
}
