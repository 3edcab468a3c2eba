/** What making and dropping a request scope over forty tables costs. */
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'
import type { ScopeOptions } from './scope-side.ts'

const WAYS = ['als.run', '$request', '$forRequest', 'lazy DataLoaders', 'eager DataLoaders']

export async function scope({ servers, quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  const server = servers[0]!
  for (const { touched, what } of [
    { touched: 0, what: 'untouched' },
    { touched: 1, what: 'one table touched' },
    { touched: 40, what: 'all 40 tables touched' },
  ]) {
    if (!wants(what)) continue
    progress(what)
    const ways = touched === 0 ? WAYS : WAYS.slice(1)
    const baseline = ways[0]!
    const comparison = await compare({
      baseline,
      processes: quick ? 1 : 3,
      rounds: quick ? 15 : 30,
      warmup: 5,
      sides: Object.fromEntries(
        ways.map((way) => {
          const scopes = touched === 40 || way === 'eager DataLoaders' ? 1_000 : 20_000
          const options: ScopeOptions = { way, touched, scopes }
          const side = { module: 'sides/small-tables' }
          return [way, () => startSide({ case: 'scope', side, url: server.url, options })]
        }),
      ),
    })
    figures.push(...figuresOf({ case: 'scope', server: server.name, what, unit: 'ns' }, comparison, baseline))
  }
  return figures
}
