/**
 * What a lookup costs next to `query('… in (?)')`: the bare statement, and a repository in a fresh request scope, for a
 * byte-exact key and for a collated one, by the number of keys.
 */
import { createPool } from 'mysql2/promise'
import { createExecute } from '../../src/database/execute.ts'
import { createDatabase, createRepositories, type Repository } from '../../src/index.ts'
import { tableKeys } from '../../src/keys/key.ts'
import { keyStatement } from '../../src/loading/lookup-sql.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { type BenchContext, onEachServer } from '../context.ts'
import { type Figure, inProcessFigures } from '../figure.ts'
import { compareInterleaved } from '../interleaved.ts'
import type { BenchServer } from '../servers.ts'

const ROWS = 20_000
const COLLATIONS = {
  'byte-exact (ascii_bin)': 'character set ascii collate ascii_bin',
  'collated (utf8mb4_unicode_520_ci)': 'character set utf8mb4 collate utf8mb4_unicode_520_ci',
}

type AnyDB = Record<string, Record<string, unknown>>

export const statements = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

async function measureOn(server: BenchServer, quick: boolean): Promise<Figure[]> {
  const pool = createPool(server.url)
  const db = createDatabase<AnyDB>({ uri: server.url })
  const figures: Figure[] = []
  for (const [key, collation] of Object.entries(COLLATIONS)) {
    await pool.query('drop table if exists item')
    await pool.query(`create table item (code varchar(20) ${collation} not null primary key, name varchar(40)
      character set utf8mb4 collate utf8mb4_bin not null, rank_no int not null, price decimal(10,2) not null)`)
    for (let from = 0; from < ROWS; from += 2000) {
      const rows = Array.from({ length: 2000 }, (_, index) => {
        const id = from + index
        return [code(id), `name of ${id}`, id % 97, (id / 100).toFixed(2)]
      })
      await pool.query('insert into item values ?', [rows])
    }
    await pool.query('analyze table item')
    const table = (await readSchema(db)).tables.find(({ metadata }) => metadata.name === 'item')!.metadata
    const repos = createRepositories({ db, tables: { item: table } })
    const tableOf = (scope: typeof repos) =>
      scope.$table('item') as unknown as Repository<object, unknown, unknown>
    await repos.$ready()
    const definition = tableKeys(table).definitions[0]!
    const statement = keyStatement({ table, definition, many: false, versioned: false })
    const execute = createExecute(db as never, { what: 'item', timeout: 10_000 })
    for (const [count, rounds] of [
      [1, 2000],
      [100, 400],
      [1000, 120],
    ] as const) {
      let asked = 0
      // Spread over the table, and other keys in every run.
      const codes = () => Array.from({ length: count }, () => code((asked++ * 7919) % ROWS))
      const comparison = await compareInterleaved(
        {
          'in (?)': () =>
            pool.query('select code, name, rank_no, price from item where code in (?)', [codes()]),
          'bare statement': () => execute(statement, [JSON.stringify(codes())]),
          'repository, fresh scope': () => tableOf(repos.$forRequest()).findByKeys(codes()),
        },
        { rounds: quick ? Math.ceil(rounds / 4) : rounds, warmup: Math.ceil(rounds / 10) },
      )
      const what = `${count.toLocaleString('en')} keys, ${key}`
      figures.push(
        ...inProcessFigures({ case: 'statements', server: server.name, what, unit: 'µs' }, comparison),
      )
    }
    await repos.$close()
  }
  await db.destroy()
  await pool.end()
  return figures
}

function code(id: number): string {
  return `item-${String(id).padStart(6, '0')}`
}
