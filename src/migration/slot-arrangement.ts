import { CLOCK_LIMIT, SOLE } from '../versions/version-table.ts'

/** The version of each of a table's rows, by slot. */
export type SlotVersions = ReadonlyMap<number, bigint>

export interface ArrangementOptions {
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: bigint
  /** The slots that the table is to have. */
  readonly slots: readonly number[]
  /** Whether its only slot is to say that it is the only one. */
  readonly sole: boolean
}

const EPOCH = BigInt(CLOCK_LIMIT)

/**
 * New versions for a table's rows, some of which may come or go. Their sum rises. Each goes on to follow the clock, since what one takes over
 * from others is above the clock's part of it.
 */
export function arranged(present: SlotVersions, { now, slots, sole }: ArrangementOptions): SlotVersions {
  const next = new Map(
    slots.map((slot) => {
      const version = slot === 0 && !sole && isSole(present) ? 0n : (present.get(slot) ?? 0n)
      return [slot, following(version, now)]
    }),
  )
  const heir = Math.max(...slots)
  const version = next.get(heir)!
  const missing = max(sumOf(present) + 1n - sumOf(next), sole ? BigInt(SOLE) - version : 0n)
  if (missing > 0n) next.set(heir, atClock(version + missing, now))
  return next
}

/** Whether the first row says that it is the only one. */
export function isSole(present: SlotVersions): boolean {
  return (present.get(0) ?? 0n) >= BigInt(SOLE)
}

/** What a trigger makes of it. */
function following(version: bigint, now: bigint): bigint {
  return max(version + 1n, version - (version % EPOCH) + now)
}

/** The lowest version that is not below, of which the clock's part is the time. */
function atClock(version: bigint, now: bigint): bigint {
  return version + ((((now - version) % EPOCH) + EPOCH) % EPOCH)
}

function sumOf(versions: SlotVersions): bigint {
  return [...versions.values()].reduce((sum, version) => sum + version, 0n)
}

function max(one: bigint, other: bigint): bigint {
  return one > other ? one : other
}
