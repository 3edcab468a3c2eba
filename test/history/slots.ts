import { setTimeout as pause } from 'node:timers/promises'
import { createDatabase } from '../../src/index.ts'
import { createVersionTable, type TrackOptions, trackVersion } from '../../src/migration/index.ts'
import type { Random } from '../support/random.ts'
import type { TestDatabase } from '../support/server.ts'

export type Slots = NonNullable<TrackOptions['slots']>

export async function trackTable(test: TestDatabase, slots: Slots | undefined): Promise<void> {
  await using db = createDatabase<unknown>({ uri: test.url })
  await createVersionTable(db)
  await trackVersion(db, 'item', { ...(slots && { slots }) })
}

/** Gives the table another number of version rows now and then; answers how often. Its connection may be killed in the middle. */
export async function changeSlots(options: {
  readonly test: TestDatabase
  readonly numbers: readonly Slots[]
  readonly random: Random
  readonly stop: AbortSignal
}): Promise<number> {
  const { test, numbers, random, stop } = options
  let changes = 0
  await using db = createDatabase<unknown>({ uri: test.url })
  while (!stop.aborted) {
    await trackVersion(db, 'item', { slots: random.pick(numbers) }).then(
      () => changes++,
      () => {},
    )
    await pause(random.below(600), undefined, { signal: stop }).catch(() => {})
  }
  return changes
}
