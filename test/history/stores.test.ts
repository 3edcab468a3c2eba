import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runHistory } from './history-run.ts'
import { anySeed, flagsOf, runShortForm, type ShortForm } from './short-form.ts'

describe('several processes that read and write one table, over a store', () => {
  const forms: readonly ShortForm[] = [
    { mode: 'versioned', store: 'lmdb' },
    { mode: 'versioned', store: 'lmdb', faults: ['kill', 'alter', 'shorten'] },
    { mode: 'versioned', store: 'redis' },
  ]
  for (const form of forms) {
    const name = flagsOf(form).join(' ').replaceAll('--', '')
    it(`see nothing uncommitted or older than the bound, never go back, and keep every request stable: ${name}`, (t) =>
      runShortForm(t, form))
  }

  it('keep all this where they share polls and are stopped now and then', async (t) => {
    const seed = anySeed()
    t.diagnostic(
      `seed ${seed}: node test/history/run.ts --store lmdb --stops --seed ${seed} is the long form`,
    )
    const { violations, counts, stops, reads } = await runHistory({
      ...{ seconds: 4, seed, store: 'lmdb', faults: [], stops: true },
    })
    t.diagnostic(JSON.stringify({ stops, reads }))
    assert.deepEqual(violations, [], JSON.stringify(counts))
    assert.ok(stops > 0 && reads > 0)
  })
})
