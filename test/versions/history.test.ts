import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkHistory, type ViolationKind } from '../history/checker.ts'
import { ASKED, historyOf, type PollEvent, type ReadEvent, type WriteEvent } from '../history/events.ts'
import { type Fault, faults } from '../history/faults.ts'
import { type HistoryMode, type HistoryOutcome, runHistory } from '../history/history-run.ts'
import type { Slots } from '../history/slots.ts'
import type { scenes } from '../history/staged/scenes.ts'
import type { Stall } from '../history/stops.ts'
import type { HistoryStore, StoreFault } from '../history/stores.ts'

const anySeed = () => Math.floor(Math.random() * 2 ** 31)

describe('several processes that read and write one table', () => {
  const kinds: readonly {
    readonly mode: HistoryMode
    readonly store?: HistoryStore
    readonly faults?: readonly StoreFault[]
    readonly slots?: readonly Slots[]
  }[] = [
    { mode: 'versioned' },
    { mode: 'versioned', slots: [1, 2, 16] },
    { mode: 'versioned', store: 'lmdb' },
    { mode: 'versioned', store: 'lmdb', faults: ['kill', 'alter', 'shorten'] },
    { mode: 'versioned', store: 'redis' },
    { mode: 'expiring' },
  ]
  for (const { mode, store, faults, slots } of kinds) {
    const form = [
      `--mode ${mode}`,
      ...(store ? [`--store ${store}`] : []),
      ...(faults ? [`--faults ${faults}`] : []),
      ...(slots ? [`--slots ${slots}`] : []),
    ]
    const name = form.join(' ').replaceAll('--', '')
    it(`see nothing uncommitted or older than the bound, never go back, and keep every request stable: ${name}`, async (t) => {
      const seed = anySeed()
      t.diagnostic(`seed ${seed}: node test/history/run.ts ${form.join(' ')} --seed ${seed} is the long form`)
      const how = { mode, slots, ...(store && { store }), ...(faults && { faults }) }
      const happens = ['reads', 'commits', 'rollbacks', 'kills'] as const
      const ofStores = ['storeHits', 'storeWrites', 'killedReaders'] as const
      const wanted = [...happens, ...(store ? ofStores : []), ...(slots ? (['slotChanges'] as const) : [])]
      let numbers: Omit<HistoryOutcome, 'violations' | 'counts'>
      let missing: readonly string[]
      let attempt = 0
      // On a slow machine, or damaged all the time, a store may have had nothing to say.
      do {
        const seconds = 4 + attempt
        const { violations, counts, ...rest } = await runHistory({ seconds, seed: seed + attempt, ...how })
        numbers = rest
        t.diagnostic(JSON.stringify(numbers))
        assert.deepEqual(violations, [], JSON.stringify(counts))
        missing = wanted.filter((name) => rest[name] === 0)
      } while (missing.length > 0 && ++attempt < 10)
      assert.deepEqual(missing, [])
      assert.equal(numbers.polls > 0, mode === 'versioned')
      if (!store) for (const name of ofStores) assert.equal(numbers[name], 0, name)
    })
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

describe('the history checker', { concurrency: 2 }, () => {
  const caught: Readonly<Record<Exclude<Fault, keyof typeof scenes>, readonly ViolationKind[]>> = {
    'no-fence': ['went back', 'older than the last poll', 'own commit not seen'],
    'no-poll': ['older than the last poll'],
    'no-drop': ['own commit not seen'],
    unpinned: ['request not stable', 'reader complained'],
    uncommitted: ['uncommitted value'],
    'age-from-arrival': ['older than the bound'],
    'kept-after-writes': ['own commit not seen'],
    unremembered: ['request not stable', 'reader complained'],
  }

  // Those of stores show in scenes of their own: see test/store/planted-faults.test.ts.
  for (const fault of Object.keys(caught) as (keyof typeof caught)[]) {
    it(`catches a library with a fault: ${fault}`, async (t) => {
      // A race may not come about within so short a time.
      const { mode } = faults[fault]
      const [services, seconds] = mode === 'expiring' ? [2, 4] : [1, 1.5]
      // A poll that comes soon hides what was kept.
      const longestInterval = fault === 'no-drop' ? 1_000 : 50
      // The later an answer comes, the more is committed meanwhile.
      const longestDelay = fault === 'age-from-arrival' ? 400 : 40
      for (let attempt = 0; attempt < 12; attempt++) {
        const seed = anySeed()
        const { counts } = await runHistory({
          ...{ mode, seed, fault, services, longestInterval, longestDelay },
          // A slow machine does less in a second.
          seconds: seconds * (1 + attempt),
        })
        t.diagnostic(`seed ${seed}: ${JSON.stringify(counts)}`)
        if (caught[fault].some((kind) => counts[kind])) return
      }
      assert.fail('nothing was found')
    })
  }

  const KEY = 1
  const poll = (begin: number, end = begin + 1): PollEvent => ({ begin, end, failed: false })
  const write = (value: number, at: number, more: Partial<WriteEvent> = {}): WriteEvent => ({
    key: KEY,
    value,
    sent: at - 1,
    acknowledged: at,
    committed: true,
    by: -1,
    ...more,
  })
  const read = (value: number, at: number, more: Partial<ReadEvent> = {}): ReadEvent => ({
    begin: at,
    end: at + 1,
    since: at,
    request: 0,
    by: ASKED.id,
    key: KEY,
    value,
    ...more,
  })

  /** One process; the row has the value 1 at first, and a change has to be seen 100 after its commit. */
  function kinds(history: {
    readonly reads: readonly ReadEvent[]
    readonly writes?: readonly WriteEvent[]
    readonly polls?: readonly PollEvent[]
    readonly stalls?: readonly Stall[]
    readonly mode?: HistoryMode
  }): readonly string[] {
    const { reads, writes = [], polls = [], stalls = [], mode = 'versioned' } = history
    const { counts } = checkHistory({
      processes: [{ ...historyOf(0, { polls, stalls, writes }), reads }],
      initial: new Map([[KEY, 1]]),
      mode,
      bound: 100,
    })
    return Object.keys(counts)
  }

  it('finds each violation, and nothing in a correct history', () => {
    const writes = [write(2, 20), write(0, 40), write(3, 60)]
    const early = { begin: 10, end: 30, since: 10 }
    assert.deepEqual(kinds({ writes, reads: [read(1, 10), read(2, 30), read(0, 50), read(3, 70)] }), [])
    assert.deepEqual(kinds({ writes, reads: [read(1, 90)], polls: [poll(5)] }), [], 'within the bound')
    assert.deepEqual(kinds({ writes, reads: [read(1, 90)], polls: [poll(30)] }), ['older than the last poll'])
    assert.deepEqual(kinds({ writes, reads: [read(1, 130)], polls: [poll(5)] }), ['older than the bound'])
    assert.deepEqual(
      kinds({ writes, reads: [read(1, 130)], polls: [poll(5), { ...poll(50), failed: true }] }),
      [],
    )
    assert.deepEqual(kinds({ writes, reads: [read(3, 30)] }), ['uncommitted value'], 'before its commit')
    assert.deepEqual(kinds({ writes: [write(2, 20, { committed: false })], reads: [read(2, 30)] }), [
      'uncommitted value',
    ])
    assert.deepEqual(kinds({ reads: [read(9, 30)] }), ['value of nobody'])
    assert.deepEqual(kinds({ writes: [write(2, 20, { by: 0 })], reads: [read(1, 21)] }), [
      'own commit not seen',
    ])
    assert.deepEqual(kinds({ writes: [write(2, 20, { by: 1 })], reads: [read(1, 21)] }), [])
    assert.deepEqual(kinds({ writes, reads: [read(2, 22), read(1, 24)] }), ['went back'])
    assert.deepEqual(kinds({ writes, reads: [read(2, 22), read(1, 24, early)] }), [], 'it began before')
    assert.deepEqual(kinds({ writes, reads: [read(0, 50), read(2, 55)] }), ['went back'], 'to a deleted row')
  })

  it('does not count the time for which a process stood still', () => {
    const writes = [write(2, 20)]
    const polls = [poll(5)]
    const stalls = [
      { begin: 0, end: 10 },
      { begin: 30, end: 80 },
      { begin: 100, end: 140 },
    ]
    assert.deepEqual(kinds({ writes, polls, stalls, reads: [read(1, 210)] }), [])
    assert.deepEqual(kinds({ writes, polls, stalls, reads: [read(1, 211)] }), ['older than the bound'])
    assert.deepEqual(kinds({ writes, polls, stalls, reads: [read(1, 130)] }), [])
    assert.deepEqual(kinds({ writes, polls, reads: [read(1, 130)] }), ['older than the bound'])
  })

  it('holds what expires to its age, and to own commits', () => {
    const mode = 'expiring'
    const writes = [write(2, 20), write(0, 40)]
    assert.deepEqual(kinds({ mode, writes, reads: [read(1, 120), read(2, 130), read(1, 119)] }), [])
    assert.deepEqual(kinds({ mode, writes, reads: [read(1, 121)] }), ['older than the bound'])
    assert.deepEqual(kinds({ mode, writes, reads: [read(2, 141)] }), ['older than the bound'])
    assert.deepEqual(kinds({ mode, writes: [write(2, 20, { by: 0 })], reads: [read(1, 21)] }), [
      'own commit not seen',
    ])
    const unstable = [read(1, 30, { request: 7, since: 5 }), read(2, 35, { request: 7, since: 5 })]
    assert.deepEqual(kinds({ mode, writes, reads: unstable }), ['request not stable'])
  })

  it('holds a request to what it has seen, whatever the others see', () => {
    const writes = [write(2, 20), write(0, 40)]
    const inRequest = { request: 7, since: 5 }
    const stable = [read(1, 10, inRequest), read(2, 25), read(1, 30, inRequest)]
    assert.deepEqual(kinds({ writes, reads: stable }), [])
    const unstable = [read(1, 10, inRequest), read(2, 30, inRequest)]
    assert.deepEqual(kinds({ writes, reads: unstable }), ['request not stable'])
    const vanished = [read(2, 25, inRequest), read(0, 50, { ...inRequest, by: ASKED.code })]
    assert.deepEqual(kinds({ writes, reads: vanished }), ['request not stable'])
    const polls = [poll(21)]
    assert.deepEqual(kinds({ writes, polls, reads: [read(1, 30, { request: 7, since: 24 })] }), [
      'older than the last poll',
    ])
  })
})
