/** What the processes of one machine send to follow versions, alone and eight side by side, where they share a store. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createConnection } from 'mysql2/promise'
import { createDatabase } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { type AnyDB, metadataOf } from '../../test/support/lookups.ts'
import { startPolling } from '../../test/support/versions/polling-processes.ts'
import { type BenchContext, onEachServer } from '../context.ts'
import type { Figure } from '../figure.ts'
import type { BenchServer } from '../servers.ts'

export const machinePolls = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

const PROCESSES = 8
const INTERVALS = [1_000, 200]
/** How many intervals until processes that have begun know of each other. */
const SETTLING = 3

async function measureOn(server: BenchServer, quick: boolean): Promise<Figure[]> {
  const connection = await createConnection(server.url)
  await connection.query('create database machine_polls')
  const url = new URL(server.url)
  url.pathname = '/machine_polls'
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-bench-'))
  try {
    const tables = await prepare(url.href)
    const figures: Figure[] = []
    for (const pollInterval of INTERVALS) {
      const task = { url: url.href, path: join(folder, 'store'), tables, pollInterval }
      const what = `one machine, a poll each ${pollInterval} ms`
      const seconds = (quick ? 10 : 30) * (pollInterval / 1_000)
      const one = await rateOf({ count: 1, task, seconds })
      const eight = await rateOf({ count: PROCESSES, task, seconds })
      for (const [side, { sent, polls }] of Object.entries({ '1 process': one, '8 processes': eight })) {
        figures.push({
          ...{ case: 'machine-polls', server: server.name, what, side, unit: 'statements/s', value: sent },
          ...{ against: '1 process', ratio: sent / one.sent, more: { 'of them of versions': polls } },
        })
      }
    }
    return figures
  } finally {
    await connection.query('drop database machine_polls')
    await connection.end()
    await rm(folder, { recursive: true, force: true })
  }
}

async function prepare(url: string): Promise<Parameters<typeof startPolling>[0]['tables']> {
  await using db = createDatabase<AnyDB>({ uri: url })
  await db.schema
    .createTable('item')
    .addColumn('id', 'integer', (column) => column.primaryKey())
    .addColumn('name', 'varchar(20)')
    .execute()
  await createVersionTable(db)
  await trackVersion(db, 'item')
  const { item } = await metadataOf(db)
  return { item: item! }
}

/** Per second, without what processes send as they begin. */
async function rateOf(measured: {
  readonly count: number
  readonly task: Parameters<typeof startPolling>[0]
  readonly seconds: number
}) {
  const { count, task, seconds } = measured
  const processes = await Promise.all(Array.from({ length: count }, () => startPolling(task)))
  try {
    await pause(SETTLING * task.pollInterval)
    const sums = async () => {
      const reports = await Promise.all(processes.map((one) => one.report()))
      const sum = (name: 'sent' | 'polls') => reports.reduce((total, report) => total + report[name], 0)
      return { sent: sum('sent'), polls: sum('polls'), at: performance.now() }
    }
    const before = await sums()
    await pause(seconds * 1_000)
    const after = await sums()
    const passed = (after.at - before.at) / 1_000
    return { sent: (after.sent - before.sent) / passed, polls: (after.polls - before.polls) / passed }
  } finally {
    await Promise.all(processes.map((one) => one[Symbol.asyncDispose]()))
  }
}
