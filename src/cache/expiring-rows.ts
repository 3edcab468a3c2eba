import type { Identity } from '../keys/identity.ts'
import { isOwnKey, type Key } from '../keys/key.ts'
import { Entry, type Row } from '../rows/row.ts'
import { type Aging, isOlder, type Reach } from './age.ts'
import { ageNow } from './age-clock.ts'
import { createEviction } from './eviction.ts'
import { type GenerationOptions, isShort, promiseOf } from './generation.ts'
import { createRowIndex, type RowIndex } from './row-index.ts'

/** A row that is held, and how old it is. Its entry is of the shape that every mode has: hits meet one shape. */
export interface AgingRow extends Aging {
  readonly kind: 'row'
  row: Row
  entry: Entry
}

/** The rows of an `expiring` table: what is read again takes the place of what was sent earlier. */
export interface ExpiringRows {
  readonly index: RowIndex<AgingRow>
  size(): number
  /** Holds the row, unless something was read of it later, and answers its entry. */
  publish(row: Row, reach: Reach, asked?: Key): Entry
  /** The same for all rows of the table; those that are gone from it are dropped. */
  publishAll(rows: readonly Row[], read: TableRead): readonly Entry[]
  remove(held: AgingRow): void
}

export interface TableRead {
  readonly reach: Reach
  /** Whether a later read has found that there is no such row. */
  isGone(row: Row): boolean
}

/** Makes it, empty. Rows that have expired are evicted first. */
export function createExpiringRows(options: GenerationOptions): ExpiringRows {
  const { keys, maxRows, counters, events } = options
  const { identities } = keys
  const rows: AgingRow[] = []
  const eviction = createEviction(rows, {
    takeMark({ entry, reach }) {
      const marked = entry.promise !== undefined && ageNow() < reach.endAt
      entry.promise = undefined
      return marked
    },
  })
  const index = createRowIndex({ keys, all: rows, asked: options.asked })

  function add(row: Row, identity: Identity, reach: Reach): AgingRow {
    const held: AgingRow = { kind: 'row', row, entry: new Entry(row), reach, due: false }
    if (rows.length < maxRows) rows.push(held)
    else {
      index.remove(eviction.replace(held))
      counters.evictions++
      events.evicted()
    }
    index.add(held, identity)
    counters.rowsHeld = rows.length
    return held
  }

  function removeIf(test: (held: AgingRow) => boolean): void {
    eviction.remove((held) => {
      if (!test(held)) return false
      index.remove(held)
      return true
    })
    counters.rowsHeld = rows.length
  }

  function replace(held: AgingRow, row: Row, reach: Reach): void {
    // Other spellings of its keys lead to it as long as these are the same.
    const moved = !hasSameKeys(held.row, row)
    if (moved) index.remove(held)
    const inUse = held.entry.promise !== undefined
    held.row = row
    held.entry = new Entry(row)
    // Hits find a promise, and eviction its mark.
    if (inUse) promiseOf(held.entry)
    held.reach = reach
    held.due = false
    if (moved) index.add(held, identities.of(row))
  }

  /** Of rows with the same primary key. */
  function hasSameKeys(one: Row, other: Row): boolean {
    return keys.definitions.every(({ parts, position }) => {
      if (position === 0) return true
      if (identities.isAmbiguous(parts, one) || identities.isAmbiguous(parts, other)) return false
      const before = identities.ownTokens(parts, one)
      const tokens = identities.ownTokens(parts, other)
      return (
        tokens?.length === before?.length && (tokens?.every((token, at) => token === before![at]) ?? true)
      )
    })
  }

  return {
    index,
    size: () => rows.length,
    publish(row, reach, asked) {
      const own = asked !== undefined && isOwnKey(asked, row, identities)
      const identity = own ? asked.tokens : identities.of(row)
      const known = index.primary.get(identity)
      const isNewer = (other: AgingRow) => isOlder(reach, other.reach)
      // Another row that was read later and has a key of this one: this one has lost it since.
      if ((known && isNewer(known)) || index.leadsTo(row, isNewer)) return new Entry(row)
      // One statement may have been asked by several spellings.
      if (known && known.reach !== reach) replace(known, row, reach)
      const held = known ?? add(row, identity, reach)
      if (asked && !own && isShort(asked)) index.addSpelling(held, asked, true)
      return held.entry
    },
    publishAll(all, { reach, isGone }) {
      const known = all.map((row) => index.primary.get(identities.of(row)))
      for (const [at, held] of known.entries()) {
        if (held && !isOlder(reach, held.reach)) replace(held, all[at]!, reach)
      }
      removeIf((held) => isOlder(held.reach, reach))
      return all.map((row, at): Entry => {
        const held = known[at]
        if (held?.row === row) return held.entry
        if (held || rows.length === maxRows || isGone(row)) return new Entry(row)
        return add(row, identities.of(row), reach).entry
      })
    },
    remove: (held) => removeIf((one) => one === held),
  }
}
