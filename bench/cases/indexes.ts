/**
 * A composite key under an index (a, b) and under (b, a), where a has few values and b has many: the row of a whole key, many keys in one
 * statement, and the list of one value of b, which only an index that begins with b serves.
 */
import { createPool } from 'mysql2/promise'
import { createDatabase, createRepositories, type Repository } from '../../src/index.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { type BenchContext, onEachServer } from '../context.ts'
import { type Figure, inProcessFigures } from '../figure.ts'
import { compareInterleaved } from '../interleaved.ts'
import type { BenchServer } from '../servers.ts'

const COUNTRIES = 50
const ROWS = 50_000

type AnyRow = Record<string, unknown>

export const indexes = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

async function measureOn(server: BenchServer, quick: boolean): Promise<Figure[]> {
  const pool = createPool(server.url)
  const orders = { by_ab: 'country, place', by_ba: 'place, country' }
  for (const [table, columns] of Object.entries(orders)) {
    await pool.query(`drop table if exists ${table}`)
    await pool.query(`create table ${table} (country int not null, place int not null, name varchar(40) not null,
      primary key (${columns})) engine = InnoDB`)
    for (let from = 0; from < ROWS; from += 5_000) {
      const rows = Array.from({ length: 5_000 }, (_, index) => row(from + index))
      await pool.query(`insert into ${table} values ?`, [rows])
    }
    await pool.query(`analyze table ${table}`)
  }
  const db = createDatabase<Record<string, AnyRow>>({ uri: server.url })
  const { tables } = await readSchema(db, { tables: Object.keys(orders) })
  const metadata = Object.fromEntries(tables.map(({ metadata }) => [metadata.name, metadata]))
  const repos = createRepositories({ db, tables: metadata })
  await repos.$ready()
  const tableOf = (name: string) =>
    repos.$forRequest().$table(name) as unknown as Repository<AnyRow, unknown, AnyRow>
  let asked = 0
  const keys = (count: number) => Array.from({ length: count }, () => keyOf((asked++ * 7_919) % ROWS))
  const measured = {
    '1 key': [(name: string) => tableOf(name).findByKey(keys(1)[0]), 1_000],
    '1,000 keys': [(name: string) => tableOf(name).findByKeys(keys(1_000)), 100],
    'the rows of one place': [
      (name: string) =>
        name === 'by_ba'
          ? tableOf(name).findAllBy({ place: keys(1)[0]!.place })
          : pool.query(`select * from ${name} where place = ?`, [keys(1)[0]!.place]),
      100,
    ],
  } as const
  const figures: Figure[] = []
  for (const [what, [read, rounds]] of Object.entries(measured)) {
    const comparison = await compareInterleaved(
      { 'index (a, b)': () => read('by_ab'), 'index (b, a)': () => read('by_ba') },
      { rounds: quick ? Math.ceil(rounds / 10) : rounds, warmup: Math.ceil(rounds / 10) },
    )
    figures.push(...inProcessFigures({ case: 'indexes', server: server.name, what, unit: 'µs' }, comparison))
  }
  await repos.$close()
  await db.destroy()
  await pool.end()
  return figures
}

function keyOf(id: number): { country: number; place: number } {
  return { country: id % COUNTRIES, place: Math.floor(id / COUNTRIES) }
}

function row(id: number): readonly unknown[] {
  const { country, place } = keyOf(id)
  return [country, place, `name of ${id}`]
}
