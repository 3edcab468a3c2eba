/** What a hit costs next to a bare Map: each way in processes of its own, in turn. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createDatabase } from '../src/index.ts'
import { createVersionTable, trackVersion } from '../src/migration/index.ts'
import { median } from './interleaved.ts'
import type { BenchServer } from './servers.ts'

export interface HitCost {
  readonly server: string
  readonly read: string
  /** Median nanoseconds. */
  readonly nanoseconds: number
  /** Against the bare Map that is read alike. */
  readonly ratio: number
}

const ROUNDS = 7
const READS = {
  'await map.get': 'await map.get',
  'immutable findByKey': 'await map.get',
  'versioned findByKey': 'await map.get',
  'versioned findByKey in a scope': 'await map.get',
  'map.get': 'map.get',
  'immutable peek': 'map.get',
}

const variant = fileURLToPath(new URL('hit-variant.ts', import.meta.url))

export async function measureHitCost(server: BenchServer): Promise<HitCost[]> {
  const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: server.url })
  await createVersionTable(db)
  await db.schema
    .createTable('hot')
    .addColumn('id', 'integer', (column) => column.notNull().primaryKey())
    .addColumn('name', 'varchar(40)', (column) => column.notNull())
    .execute()
  const rows = Array.from({ length: 1000 }, (_, index) => ({ id: index + 1, name: `name of ${index + 1}` }))
  await db.insertInto('hot').values(rows).execute()
  await trackVersion(db, 'hot')
  await db.destroy()
  const times = new Map(Object.keys(READS).map((read) => [read, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [read, list] of times) list.push(await runVariant(read, server.url))
  }
  return Object.entries(READS).map(([read, against]) => ({
    server: server.name,
    read,
    nanoseconds: median(times.get(read)!),
    ratio: median(times.get(read)!.map((time, round) => time / times.get(against)![round]!)),
  }))
}

async function runVariant(read: string, url: string): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [variant, read, url])
  return Number(stdout)
}
