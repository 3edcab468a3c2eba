/** How hits grow with the rows that are held, and a cold service with the requests that it gets at a time. */
import { createConnection } from 'mysql2/promise'
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'
import type { GrowthOptions } from './growth-side.ts'
import type { ServiceOptions } from './service-side.ts'

const ROWS = [1_000, 10_000, 100_000, 1_000_000]
const CONCURRENCIES = [1, 10, 100, 1_000]

export async function growth(context: BenchContext): Promise<Figure[]> {
  return [...(await growthOfRows(context)), ...(await growthOfRequests(context))]
}

async function growthOfRows({ servers, quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  const server = servers[0]!
  const sizes = (quick ? ROWS.slice(0, 3) : ROWS).filter((rows) => wants(whatOf(rows)))
  if (sizes.length > 0) await fillNumbers(server.url, Math.max(...sizes))
  for (const rows of sizes) {
    progress(whatOf(rows))
    const comparison = await compare({
      baseline: 'await map.get(k)',
      processes: 1,
      rounds: quick ? 10 : 24,
      warmup: 5,
      sides: Object.fromEntries(
        Object.entries({ 'await map.get(k)': 'map', 'findByKey, immutable': 'immutable' }).map(
          ([name, variant]) => {
            const options: GrowthOptions = { rows, reads: 100_000 }
            const side = { module: 'sides/numbers', variant }
            return [name, () => startSide({ case: 'growth', side, url: server.url, options })]
          },
        ),
      ),
    })
    const common = { case: 'growth', server: server.name, what: whatOf(rows), unit: 'ns' }
    figures.push(...figuresOf(common, comparison, 'await map.get(k)'))
  }
  return figures
}

function whatOf(rows: number): string {
  return `hit, ${rows.toLocaleString('en')} rows held`
}

async function growthOfRequests({ servers, quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  const ideal = 'Kysely + DataLoader + Map'
  for (const concurrency of CONCURRENCIES) {
    const what = `cold service, ${concurrency.toLocaleString('en')} requests at a time`
    if (!wants(what)) continue
    for (const server of servers) {
      progress(`${what}, ${server.name}`)
      const requests = concurrency === 1 ? 100 : 1_000
      const options: ServiceOptions = { cold: true, http: false, requests, concurrency, times: 1 }
      const comparison = await compare({
        baseline: ideal,
        processes: 1,
        rounds: quick ? 2 : 9,
        // With compiled code, as in the other cases: a key that nothing holds takes the longest way.
        warmup: quick ? 1 : concurrency === 1 ? 20 : 5,
        sides: Object.fromEntries(
          Object.entries({
            [ideal]: { module: 'sides/dataloader', variant: 'ideal' },
            'kysely-lookup, immutable': { module: 'sides/lookup', variant: 'immutable' },
          }).map(([name, side]) => [
            name,
            () => startSide({ case: 'service', side, url: server.url, options }),
          ]),
        ),
      })
      const common = { case: 'growth', server: server.name, what, unit: 'requests/s' }
      figures.push(...figuresOf(common, comparison, ideal))
    }
  }
  return figures
}

/** Rows of chance would take the server long: it doubles what it has. */
async function fillNumbers(url: string, rows: number): Promise<void> {
  const connection = await createConnection(url)
  await connection.query(`create table if not exists number (id int unsigned not null primary key,
    name varchar(40) character set ascii collate ascii_bin not null, rank_no int not null)`)
  await connection.query("insert ignore into number values (1, 'number 1', 1)")
  for (let count = 1; count < rows; count *= 2) {
    await connection.query(
      `insert ignore into number select id + ${count}, concat('number ', id + ${count}), id % 97 from number
        where id <= ${Math.min(count, rows - count)}`,
    )
  }
  await connection.query('analyze table number')
  await connection.end()
}
