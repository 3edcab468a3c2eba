/** Random reads of a store of ten million rows. It takes minutes and gigabytes, and runs only if it is named: `--only store-large`. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'
import type { StoreLargeOptions } from './store-large-side.ts'
import type { StoreOptions } from './store-side.ts'

const ROWS = 10_000_000
const QUICK_ROWS = 500_000
const side = { module: 'sides/lookup', variant: 'versioned' }
const LONE = 'a lone statement'

export async function storeLarge({ servers, quick, progress }: BenchContext): Promise<Figure[]> {
  const server = servers[0]!
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-bench-'))
  const rows = quick ? QUICK_ROWS : ROWS
  const what = `random reads of ${rows.toLocaleString('en')} rows of eight columns`
  progress(what)
  const lone: StoreOptions = { reads: 'one', rows: 2_000, random: true }
  const options: StoreLargeOptions = { folder: join(folder, 'store'), rows, reads: 200_000 }
  const common = { url: server.url, side, node: ['--expose-gc'] }
  try {
    const comparison = await compare({
      baseline: LONE,
      processes: 1,
      rounds: quick ? 3 : 15,
      seconds: 60,
      warmup: 2,
      sides: {
        [LONE]: () => startSide({ ...common, case: 'store', options: lone }),
        'lmdb store': () => startSide({ ...common, case: 'store-large', options }),
      },
    })
    return figuresOf({ case: 'store-large', server: server.name, what, unit: 'µs a row' }, comparison, LONE)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
