import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkHistory, type ViolationKind } from './checker.ts'
import { ASKED, historyOf, type PollEvent, type ReadEvent, type WriteEvent } from './events.ts'
import { type Fault, faults } from './faults.ts'
import { type HistoryMode, runHistory } from './history-run.ts'
import { anySeed } from './short-form.ts'
import type { scenes } from './staged/scenes.ts'
import type { Stall } from './stops.ts'

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

  // Those of stores show in scenes of their own: see store-faults.test.ts.
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
