/**
 * A process of a staged history: over an lmdb store, it does what it is told, step by step, and tells what it has read. Its argument is
 * a `PuppetOptions` as JSON.
 */
import { createDatabase, createRepositories } from '../../../src/index.ts'
import { lmdbStore } from '../../../src/store/lmdb/index.ts'
import type { Store } from '../../../src/store/store.ts'
import { type AnyRepositories, type AnyRow, metadataOf } from '../../support/lookups.ts'
import { createHoldingPool, type HeldStatement } from '../../support/races/held-statements.ts'
import { nextPoll } from '../../support/races/next-poll.ts'
import { LOOKUP } from '../../support/races/racing.ts'
import { now } from '../clock.ts'
import { ASKED, type PollEvent, type ReadEvent } from '../events.ts'
import { logPolls } from '../poll-log.ts'
import { watchStalls } from '../stops.ts'
import { codeOf, type ItemDB } from '../table.ts'

export interface PuppetOptions {
  readonly url: string
  /** Of the store. */
  readonly path: string
  /** Milliseconds. */
  readonly pollInterval: number
  readonly pollTimeout: number
}

export type Step =
  /** Reads keys at a time; those that have no row are told too. */
  | { readonly kind: 'read'; readonly by: 'id' | 'code'; readonly keys: readonly number[] }
  /** Holds the next lookup, when the server has answered it or before it is sent, and resolves when it is held. */
  | { readonly kind: 'hold'; readonly at: 'answer' | 'sending' }
  | { readonly kind: 'release' }
  /** Resolves when a poll that begins from now on was taken in. */
  | { readonly kind: 'poll' }
  /** Resolves when it has stored something of a version that it had stored nothing of. */
  | { readonly kind: 'store' }
  /** Writes what waits for the store, and ends. */
  | { readonly kind: 'end' }

export interface Told {
  readonly step: number
  readonly reads: readonly ReadEvent[]
  readonly polls: readonly PollEvent[]
  readonly stalls: ReturnType<typeof watchStalls>
  readonly storeHits: number
  readonly refusedClaims: number
}

/** A claim is not to be over before a slow machine comes to it. */
const CLAIM_LIFETIME = 600_000

const { url, path, pollInterval, pollTimeout } = JSON.parse(process.argv[2]!) as PuppetOptions
const stalls = watchStalls()
const reads: ReadEvent[] = []
const polls = logPolls()
/** Addresses. */
const stored = new Set<string>()
let refusedClaims = 0
const pool = createHoldingPool(url)
const db = createDatabase<ItemDB>(pool.options)
const inner = lmdbStore({ path })
const store: Store = {
  ...inner,
  writeAfter: 0,
  async claim(namespace, name) {
    const isFirst = await inner.claim!(namespace, name, CLAIM_LIFETIME)
    if (!isFirst) refusedClaims++
    return isFirst
  },
  async write(namespace, entries) {
    await inner.write(namespace, entries)
    stored.add(namespace.address)
  },
}
await store.ready()
const repos = createRepositories({
  ...{ db, tables: await metadataOf(db), store },
  cache: { item: 'versioned' },
  versions: { pollInterval, pollTimeout },
}) as unknown as AnyRepositories
await repos.$ready()
let held: HeldStatement | undefined
let strangers = 1_000

process.on('message', async ({ number, step }: { readonly number: number; readonly step: Step }) => {
  await carryOut(step)
  const { storeHits } = repos.$stats().item!
  process.send!({ step: number, reads, polls, stalls, storeHits, refusedClaims } satisfies Told)
  if (step.kind === 'end') process.disconnect()
})
process.once('disconnect', () => process.exit())
process.send!('ready')

async function carryOut(step: Step): Promise<unknown> {
  switch (step.kind) {
    case 'read':
      return read(step)
    case 'hold':
      held = pool.hold(LOOKUP, step.at)
      return held.waiting
    case 'release':
      return held!.release()
    case 'poll':
      return nextPoll()
    case 'store':
      return untilStored()
    case 'end':
      await repos.$close()
      return store.close()
  }
}

async function read({ by, keys }: Extract<Step, { kind: 'read' }>): Promise<void> {
  const begin = now()
  const rows = await repos.item!.findByKeys(keys.map((key) => (by === 'id' ? key : { code: codeOf(key) })))
  const end = now()
  const found = (row: AnyRow | undefined) => Number(row?.value ?? 0)
  for (const [index, key] of keys.entries())
    reads.push({
      ...{ begin, end, since: begin, request: 0, by: ASKED[by], key },
      value: found(rows[index]),
    })
}

async function untilStored(): Promise<void> {
  const { size } = stored
  while (stored.size === size) {
    await repos.item!.findByKey(strangers++)
    await new Promise(setImmediate)
  }
}
