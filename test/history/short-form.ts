import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type HistoryMode, type HistoryOutcome, runHistory } from './history-run.ts'
import type { Slots } from './slots.ts'
import type { HistoryStore, StoreFault } from './stores.ts'

/** A history of a few seconds, whose long form is `node test/history/run.ts` with the same flags. */
export interface ShortForm {
  readonly mode: HistoryMode
  readonly store?: HistoryStore
  readonly faults?: readonly StoreFault[]
  readonly slots?: readonly Slots[]
}

export const anySeed = () => Math.floor(Math.random() * 2 ** 31)

export function flagsOf({ mode, store, faults, slots }: ShortForm): readonly string[] {
  return [
    `--mode ${mode}`,
    ...(store ? [`--store ${store}`] : []),
    ...(faults ? [`--faults ${faults}`] : []),
    ...(slots ? [`--slots ${slots}`] : []),
  ]
}

/** Fails where a process saw what it must not see, or where nothing happened that could show it. */
export async function runShortForm(t: TestContext, form: ShortForm): Promise<void> {
  const { mode, store, slots } = form
  const seed = anySeed()
  t.diagnostic(
    `seed ${seed}: node test/history/run.ts ${flagsOf(form).join(' ')} --seed ${seed} is the long form`,
  )
  const happens = ['reads', 'commits', 'rollbacks', 'kills'] as const
  const ofStores = ['storeHits', 'storeWrites', 'killedReaders'] as const
  const wanted = [...happens, ...(store ? ofStores : []), ...(slots ? (['slotChanges'] as const) : [])]
  let numbers: Omit<HistoryOutcome, 'violations' | 'counts'>
  let missing: readonly string[]
  let attempt = 0
  // On a slow machine, or damaged all the time, a store may have had nothing to say.
  do {
    const seconds = Math.min(30, 4 * 1.5 ** attempt)
    const { violations, counts, ...rest } = await runHistory({ seconds, seed: seed + attempt, ...form })
    numbers = rest
    t.diagnostic(JSON.stringify(numbers))
    assert.deepEqual(violations, [], JSON.stringify(counts))
    missing = wanted.filter((name) => rest[name] === 0)
  } while (missing.length > 0 && ++attempt < 10)
  assert.deepEqual(missing, [])
  assert.equal(numbers.polls > 0, mode === 'versioned')
  if (!store) for (const name of ofStores) assert.equal(numbers[name], 0, name)
}
