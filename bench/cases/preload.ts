/** Reading a whole table into the process, next to `select *`. */
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import type { Side } from '../peer.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'

const SIDES: Record<string, Side> = {
  'mysql2, select *': { module: 'sides/mysql2', variant: 'query' },
  'preload, immutable': { module: 'sides/lookup', variant: 'immutable' },
  'preload, immutable, one key': { module: 'sides/lookup', variant: 'immutable, one key' },
  'preload, versioned': { module: 'sides/lookup', variant: 'versioned' },
  'mysql2, select * into a Map': { module: 'sides/map', variant: 'rows' },
  'Kysely, selectAll': { module: 'sides/kysely', variant: 'in' },
}
const PEERS: Record<string, Side> = {
  'Prisma findMany': { module: 'peers/prisma', variant: 'findMany' },
  'Drizzle select': { module: 'peers/drizzle' },
  'TypeORM find': { module: 'peers/typeorm' },
  'MikroORM findAll': { module: 'peers/mikro-orm', variant: 'identity map' },
  'Sequelize findAll': { module: 'peers/sequelize' },
  'layered-loader': { module: 'peers/layered-loader' },
  bentocache: { module: 'peers/bentocache' },
}

export async function preload({ servers, quick, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  const sides = quick ? SIDES : { ...SIDES, ...PEERS }
  const baseline = Object.keys(SIDES)[0]!
  for (const server of servers) {
    progress(server.name)
    const comparison = await compare({
      baseline,
      processes: 1,
      rounds: quick ? 3 : 15,
      seconds: 30,
      warmup: quick ? 1 : 3,
      sides: Object.fromEntries(
        Object.entries(sides).map(([name, side]) => [
          name,
          () => startSide({ case: 'preload', side, url: server.url, options: {} }),
        ]),
      ),
    })
    const common = { case: 'preload', server: server.name, what: '135,000 rows', unit: 'ms' }
    figures.push(...figuresOf(common, comparison, baseline))
  }
  return figures
}
