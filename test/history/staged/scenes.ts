import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import type { ViolationKind } from '../checker.ts'
import { now } from '../clock.ts'
import type { Puppet } from './puppets.ts'

/** Where processes share a store, and somebody else writes. */
export interface Stage {
  /** A new process. */
  start(): Promise<Puppet>
  /** Gives the row another value. */
  change(key: number): Promise<void>
  /** Microseconds within which a process must see a change. */
  readonly bound: number
}

/** What must happen for a fault to show, step by step, and what the checker then finds. */
export interface Scene {
  readonly shows: ViolationKind
  play(stage: Stage): Promise<void>
}

/** It has a row from the start, as every even key. */
const KEY = 2

/** So many that they are claimed. */
const HERD = Array.from({ length: 120 }, (_, index) => index + 1)

/** Microseconds after which a process that has sent no poll sends none. */
const QUIET = 500_000

/** By the name of the fault. */
export const scenes = {
  /** A load is held between what it has read and what it writes, while the version moves. */
  'newest-namespace': {
    shows: 'older than the last poll',
    async play({ start, change }) {
      const slow = await start()
      await slow.do({ kind: 'store' })
      const held = slow.do({ kind: 'hold', at: 'answer' })
      const load = slow.do({ kind: 'read', by: 'id', keys: [KEY] })
      await held
      await change(KEY)
      await slow.do({ kind: 'poll' })
      await slow.do({ kind: 'store' })
      await slow.do({ kind: 'release' })
      await load
      await slow.do({ kind: 'end' })
      await readAndEnd(await start(), 'id')
    },
  },
  /** What another key leads to is stored, and the row changed. */
  'lasting-alias': {
    shows: 'older than the last poll',
    async play({ start, change }) {
      await readAndEnd(await start(), 'code')
      const { storeHits } = await readAndEnd(await start(), 'code')
      assert.ok(storeHits > 0, 'it was stored')
      await change(KEY)
      await readAndEnd(await start(), 'code')
    },
  },
  /** A process is killed that has claimed what it was about to read. */
  'trusted-claim': {
    shows: 'uncommitted value',
    async play({ start }) {
      const first = await start()
      const held = first.do({ kind: 'hold', at: 'sending' })
      const load = first.do({ kind: 'read', by: 'id', keys: HERD })
      await held
      await Promise.all([assert.rejects(load), first.kill()])
      const { refusedClaims } = await readAndEnd(await start(), 'id', HERD)
      assert.ok(refusedClaims > 0, 'it was claimed')
    },
  },
  /** A record of a poll lies there, and nobody replaces it. */
  'young-when-read': {
    shows: 'older than the bound',
    async play({ start, change, bound }) {
      const reader = await start()
      const read = async () => (await reader.do({ kind: 'read', by: 'id', keys: [KEY] })).reads.at(-1)!.value
      const before = await read()
      await settled(reader)
      await change(KEY)
      const changed = now()
      while ((await read()) === before && now() - changed < 2 * bound) await pause(10)
      await reader.do({ kind: 'end' })
    },
  },
} as const satisfies Record<string, Scene>

/** Once it has opened a connection, a process polls for itself. Afterwards it does so again and again, or, with the fault, never. */
async function settled(puppet: Puppet): Promise<void> {
  let polls = 0
  let since = now()
  while (polls < 10 && now() - since < QUIET) {
    const told = await puppet.do({ kind: 'read', by: 'id', keys: [KEY] })
    if (told.polls.length > polls) since = now()
    polls = told.polls.length
    await pause(10)
  }
}

async function readAndEnd(puppet: Puppet, by: 'id' | 'code', keys: readonly number[] = [KEY]) {
  await puppet.do({ kind: 'read', by, keys })
  return puppet.do({ kind: 'end' })
}
