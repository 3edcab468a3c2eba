/** What a hit costs next to a bare Map. No server is asked, so one is enough to load the rows from. */

import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import type { Side } from '../peer.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'
import type { HitsOptions } from './hits-side.ts'

interface HitSide {
  readonly side: Side
  readonly scoped?: boolean
  readonly by?: string
  /** Some are a hundred times as slow. */
  readonly reads?: number
}

const map = (variant: string): HitSide => ({ side: { module: 'sides/map', variant } })
const lookup = (variant: string, scoped: boolean): HitSide => ({
  side: { module: 'sides/lookup', variant },
  scoped,
})

const AWAITED: Record<string, HitSide> = {
  'await map.get(k)': { ...map('promises'), by: 'primary key' },
  'findByKey, immutable': lookup('immutable', false),
  'findByKey, immutable, in a scope': lookup('immutable', true),
  'findByKey, versioned': lookup('versioned', false),
  'findByKey, versioned, in a scope': lookup('versioned', true),
  'findByKey, expiring': lookup('expiring', false),
  'findByKey, expiring, in a scope': lookup('expiring', true),
}
const PEERS: Record<string, HitSide> = {
  'DataLoader of a request': { side: { module: 'sides/dataloader', variant: 'request' }, scoped: true },
  'layered-loader get': { side: { module: 'peers/layered-loader' } },
  'bentocache getOrSet': { side: { module: 'peers/bentocache' }, reads: 10_000 },
}
/** They hold rows too, at a cost that a thousand of them show. */
const OTHERS: Record<string, HitSide> = {
  'MikroORM, identity map': {
    side: { module: 'peers/mikro-orm', variant: 'identity map' },
    scoped: true,
    reads: 2_000,
  },
  'MikroORM, result cache': {
    side: { module: 'peers/mikro-orm', variant: 'result cache' },
    scoped: true,
    reads: 2_000,
  },
  'sequelize-simple-cache': { side: { module: 'peers/sequelize' }, reads: 1_000 },
}
/** They ask the server each time, so that there is no hit. */
const UNCACHED = ['Prisma', 'Drizzle', 'TypeORM', 'mysql2', 'Kysely']
const SYNCHRONOUS: Record<string, HitSide> = {
  'map.get(k)': map('rows'),
  'peek, immutable': lookup('immutable', false),
  'peek, versioned': lookup('versioned', false),
  'peek, expiring': lookup('expiring', false),
  'layered-loader getInMemoryOnly': { side: { module: 'peers/layered-loader' } },
}
/** What is measured by each kind of key, and with how many rows. */
const KINDS = [
  { by: 'primary key', hot: 1_000, sides: { ...AWAITED, ...PEERS, ...OTHERS } },
  { by: 'primary key', hot: 65_536, sides: { ...AWAITED, ...PEERS } },
  ...[1_000, 65_536].flatMap((hot) => [
    { by: 'unique key', hot, sides: { ...AWAITED, 'await map.get(k) by that key': map('slugs') } },
    { by: 'composite key', hot, sides: { ...AWAITED, 'await map.get(`${a}:${b}`)': map('positions') } },
    { by: 'peek', hot, sides: SYNCHRONOUS },
  ]),
]

export async function hits({ servers, quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  const server = servers[0]!
  for (const { by, hot, sides } of KINDS) {
    const what = `${by}, ${hot.toLocaleString('en')} hot rows`
    if (!wants(what)) continue
    progress(what)
    const names = Object.keys(sides)
    const baseline = names[0]!
    const comparison = await compare({
      baseline,
      // Where the rows of a large set lie differs from process to process, and decides.
      processes: quick ? 1 : hot > 1_000 && by === 'primary key' ? 5 : 3,
      rounds: quick ? 10 : hot > 1_000 ? 10 : 24,
      warmup: 5,
      sides: Object.fromEntries(
        Object.entries<HitSide>(sides).map(([name, { side, scoped = false, reads, by: other }]) => {
          const count = reads ?? (by === 'peek' ? 500_000 : 100_000)
          const options: HitsOptions = { by: other ?? by, hot, scoped, reads: count }
          return [name, () => startSide({ case: 'hits', side, url: server.url, options })]
        }),
      ),
    })
    const common = { case: 'hits', server: server.name, what, unit: 'ns' }
    figures.push(...figuresOf(common, comparison, baseline))
    if (by !== 'peek' && hot === 1_000) {
      figures.push(...UNCACHED.map((side) => ({ ...common, side, cannot: 'asks the server each time' })))
    }
  }
  return figures
}
