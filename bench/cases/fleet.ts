/** What a fleet costs its server, and how soon its processes see a commit: many real pollers against one server. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { createDatabase } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { startThrowawayServer } from '../../src/testing/server/throwaway-server.ts'
import { type AnyDB, metadataOf } from '../../test/support/lookups.ts'
import type { BenchContext } from '../context.ts'
import type { Figure } from '../figure.ts'
import { quantile } from '../median.ts'
import type { FleetTask, Seen } from './fleet-process.ts'

const POLLERS = [10, 100, 500]
const PROCESSES = 5
const TABLES = 20
const INTERVAL = 1_000
/** The kernel's unit of processor time in `/proc`. */
const TICKS = 100

/** On a server of its own, with room for all connections. */
export async function fleet({ quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  await using server = await startThrowawayServer({ args: ['--max-connections=2000'] })
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
    const what = `${pollers} processes, ${TABLES} tables, a poll each second`
    if (!wants(what)) continue
    progress(what)
    const task = { url: url.href, pollers: pollers / PROCESSES, tables, pollInterval: INTERVAL }
    const seconds = quick ? 5 : 20
    const { latencies, ...more } = await measure({ task, connection, pid, seconds })
    const figure: Figure = {
      ...{ case: 'fleet', server: name, what, side: 'commit to visible, median', unit: 'ms' },
      value: quantile(latencies, 0.5),
      more: { p99: quantile(latencies, 0.99), ...more },
    }
    progress(JSON.stringify(figure.more))
    figures.push(figure)
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
  readonly connection: Connection
  readonly pid: string
  readonly seconds: number
}

async function measure({ task, connection, pid, seconds }: Measuring) {
  const program = fileURLToPath(new URL('fleet-process.ts', import.meta.url))
  const children = Array.from({ length: PROCESSES }, () => fork(program, [JSON.stringify(task)]))
  try {
    await Promise.all(children.map((child) => once(child, 'message')))
    // Without a write first: what polls alone cost.
    const before = await readCosts(connection, pid)
    await pause(seconds * 1_000)
    const after = await readCosts(connection, pid)
    const polls = (task.pollers * PROCESSES * (after.at - before.at)) / INTERVAL
    const commits = await commitFor(connection, seconds)
    await pause(3 * INTERVAL)
    const seen = (await Promise.all(children.map(seenBy))).flat()
    return {
      latencies: latenciesOf(commits, seen),
      'statements per second': ((after.statements - before.statements) * 1_000) / (after.at - before.at),
      'server ms per second': ((after.cpu - before.cpu) * 1_000) / (after.at - before.at),
      'server µs per poll': ((after.cpu - before.cpu) * 1_000) / polls,
    }
  } finally {
    for (const child of children) child.send('close')
    await Promise.all(children.map((child) => once(child, 'exit')))
  }
}

async function readCosts(connection: Connection, pid: string) {
  const [[row]] = await connection.query<RowDataPacket[]>("show global status like 'Com_select'")
  const stat = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ')
  const cpu = ((Number(stat[11]) + Number(stat[12])) / TICKS) * 1_000
  return { statements: Number(row!.Value), cpu, at: performance.now() }
}

/** Changes one row now and then, each time after everybody has seen the last change. */
async function commitFor(connection: Connection, seconds: number): Promise<Seen[]> {
  const commits: Seen[] = []
  const end = performance.now() + seconds * 1_000
  while (performance.now() < end) {
    await connection.query('update t0 set value = value + 1')
    const at = Number(process.hrtime.bigint()) / 1e6
    const [[row]] = await connection.query<RowDataPacket[]>(
      "select cast(sum(version) as unsigned) version from lookup_version where table_name = 't0'",
    )
    commits.push({ version: Number(row!.version), at })
    await pause(1.5 * INTERVAL + Math.random() * INTERVAL)
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
