/** What tracking costs writers. */
import { type Connection, createConnection } from 'mysql2/promise'
import { createDatabase } from '../../src/index.ts'
import { trackVersion, untrackVersion } from '../../src/migration/index.ts'
import { type BenchContext, onEachServer } from '../context.ts'
import { type Figure, inProcessFigures } from '../figure.ts'
import { compareInterleaved } from '../interleaved.ts'
import type { BenchServer } from '../servers.ts'

const WRITERS = 8
const SECONDS = 2

export const writes = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

async function measureOn(server: BenchServer, quick: boolean): Promise<Figure[]> {
  const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: server.url })
  const connection = await createConnection(server.url)
  for (const table of ['plain', 'tracked']) {
    await connection.query(`create table ${table} (id int not null primary key, price int not null)`)
    const rows = Array.from({ length: 1000 }, (_, index) => [index, 0])
    await connection.query(`insert into ${table} values ?`, [rows])
  }
  await trackVersion(db, 'tracked')
  const figures: Figure[] = []
  for (const [write, where, rounds] of [
    ['one row, autocommit', 'where id = 5', 500],
    ['1,000 rows in one statement', '', 40],
  ] as const) {
    const update = (table: string) => () => connection.query(`update ${table} set price = price + 1 ${where}`)
    const comparison = await compareInterleaved(
      { plain: update('plain'), tracked: update('tracked') },
      { rounds: quick ? Math.ceil(rounds / 4) : rounds, warmup: 10 },
    )
    figures.push(
      ...inProcessFigures({ case: 'writes', server: server.name, what: write, unit: 'µs' }, comparison),
    )
  }
  const [modes] = await connection.query("show variables like 'innodb_snapshot_isolation'")
  const settings = [
    '',
    ...((modes as unknown[]).length > 0 ? ['set session innodb_snapshot_isolation = on'] : []),
  ]
  for (const setting of settings) figures.push(...(await measureWriters(server, setting)))
  await connection.end()
  await untrackVersion(db, 'tracked')
  await db.destroy()
  return figures
}

interface Throughput {
  readonly transactions: number
  readonly deadlocks: number
  readonly snapshotConflicts: number
}

/** Eight writers, two rows a transaction in ascending order; each table in turn. */
async function measureWriters(server: BenchServer, setting: string): Promise<Figure[]> {
  const plain = await throughput(server, 'plain', setting)
  const tracked = await throughput(server, 'tracked', setting)
  const what = `${WRITERS} writers, two rows a transaction${setting && ', snapshot isolation'}`
  return Object.entries({ plain, tracked }).map(([side, { transactions, ...more }]) => ({
    case: 'writes',
    server: server.name,
    what,
    side,
    unit: 'transactions/s',
    value: transactions,
    against: 'plain',
    ratio: transactions / plain.transactions,
    more,
  }))
}

async function throughput(server: BenchServer, table: string, setting: string): Promise<Throughput> {
  const connections = await Promise.all(Array.from({ length: WRITERS }, () => createConnection(server.url)))
  const counts = { transactions: 0, deadlocks: 0, snapshotConflicts: 0 }
  const end = Date.now() + SECONDS * 1000
  async function write(connection: Connection, writer: number): Promise<void> {
    if (setting) await connection.query(setting)
    for (let turn = 0; Date.now() < end; turn++) {
      const first = (writer * 100 + turn) % 990
      try {
        await connection.query('begin')
        await connection.query(`update ${table} set price = price + 1 where id = ${first}`)
        await connection.query(`update ${table} set price = price + 1 where id = ${first + 1}`)
        await connection.query('commit')
        counts.transactions++
      } catch (error) {
        const { errno } = error as { errno?: number }
        if (errno === 1213) counts.deadlocks++
        else if (errno === 1020) counts.snapshotConflicts++
        else throw error
        await connection.query('rollback')
      }
    }
  }
  await Promise.all(connections.map(write))
  await Promise.all(connections.map((connection) => connection.end()))
  const perSecond = (count: number) => Math.round(count / SECONDS)
  return {
    transactions: perSecond(counts.transactions),
    deadlocks: perSecond(counts.deadlocks),
    snapshotConflicts: perSecond(counts.snapshotConflicts),
  }
}
