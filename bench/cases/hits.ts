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
  readonly slow?: boolean
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
}
const PRIMARY: Record<string, HitSide> = {
  'DataLoader of a request': { side: { module: 'sides/dataloader', variant: 'request' }, scoped: true },
}
const SYNCHRONOUS: Record<string, HitSide> = {
  'map.get(k)': map('rows'),
  'peek, immutable': lookup('immutable', false),
  'peek, versioned': lookup('versioned', false),
}

export async function hits({ servers, quick, wants }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  const server = servers[0]!
  for (const hot of [1_000, 65_536]) {
    for (const [by, sides] of [
      ['primary key', { ...AWAITED, ...PRIMARY }],
      ['unique key', { ...AWAITED, 'await map.get(k) by that key': map('slugs') }],
      ['composite key', { ...AWAITED, 'await map.get(`${a}:${b}`)': map('positions') }],
      ['peek', SYNCHRONOUS],
    ] as const) {
      const what = `${by}, ${hot.toLocaleString('en')} hot rows`
      if (!wants(what)) continue
      const baseline = Object.keys(sides)[0]!
      const comparison = await compare({
        baseline,
        processes: quick ? 1 : 3,
        rounds: quick ? 15 : 30,
        warmup: 5,
        sides: Object.fromEntries(
          Object.entries(sides).map(([name, { side, scoped = false, slow, by: other }]) => {
            const reads = by === 'peek' ? 500_000 : slow ? 5_000 : 100_000
            const options: HitsOptions = { by: other ?? by, hot, scoped, reads }
            return [name, () => startSide({ case: 'hits', side, url: server.url, options })]
          }),
        ),
      })
      figures.push(
        ...figuresOf({ case: 'hits', server: server.name, what, unit: 'ns' }, comparison, baseline),
      )
    }
  }
  return figures
}
