import type { Key } from '../keys/key.ts'
import { Entry, type Row } from '../rows/row.ts'
import { takeRows } from '../rows/rows-read.ts'
import { type Aging, isOlder, type Lifetime, type Reach, reachFrom } from './age.ts'
import { ageNow } from './age-clock.ts'
import { type AgingRow, createExpiringRows } from './expiring-rows.ts'
import { createFifoMap, type FifoMap } from './fifo-map.ts'
import {
  EMPTY_INDEX,
  type GenerationOptions,
  type HeldAnswers,
  type HitIndex,
  isShort,
  type Publication,
} from './generation.ts'

interface AgingAbsence extends Aging {
  readonly kind: 'absence'
  readonly key: Key
}

interface AgingList extends Aging {
  readonly kind: 'list'
  readonly key: Key
  readonly entries: readonly Entry[]
}

interface AgingTable extends Aging {
  readonly kind: 'table'
  readonly entries: readonly Entry[]
}

/** What can be read again. */
export type AgingAnswer = AgingRow | AgingAbsence | AgingList | AgingTable

/** What the process holds of an `expiring` table since it was last dropped. Each answer is as old as its statement. */
export interface ExpiringGeneration extends HeldAnswers {
  readonly peeks: HitIndex
  /** For what a statement has read that was sent then. */
  publication(sentAt: number): Publication
}

export interface ExpiringGenerationOptions extends GenerationOptions {
  readonly lifetime: Lifetime
  /** Told once of each answer that was asked for after `refreshAfter`. */
  due(answer: AgingAnswer): void
}

export function createExpiringGeneration(options: ExpiringGenerationOptions): ExpiringGeneration {
  const { keys, maxRows, lifetime } = options
  const rows = createExpiringRows(options)
  const { index } = rows
  let absences: FifoMap<AgingAbsence> | undefined
  let lists: FifoMap<AgingList> | undefined
  let table: AgingTable | undefined

  /** Whether it may be answered; where it is asked for late, it is read again. */
  function isGood(answer: AgingAnswer | undefined): boolean {
    if (answer === undefined) return false
    const now = ageNow()
    return now < answer.reach.dueAt || isGoodLate(answer, now)
  }

  function isGoodLate(answer: AgingAnswer, now: number): boolean {
    if (now >= answer.reach.endAt) return false
    if (!answer.due) {
      answer.due = true
      options.due(answer)
    }
    return true
  }

  /** For hits, which meet rows alone. */
  function hit(held: AgingRow | undefined): Entry | undefined {
    if (held === undefined) return undefined
    const now = ageNow()
    return now < held.reach.dueAt || isGoodLate(held, now) ? held.entry : undefined
  }

  const peek = (held: AgingRow | undefined) => (held && ageNow() < held.reach.endAt ? held.entry : undefined)

  function view(found: (held: AgingRow | undefined) => Entry | undefined): HitIndex {
    const { root } = index.primary
    return {
      byPrimaryKey: keys.rawType
        ? { get: (key) => found(root.get(key) as AgingRow | undefined) }
        : EMPTY_INDEX.byPrimaryKey,
      find: (columns) => found(index.find(columns)),
    }
  }

  function publication(reach: Reach): Publication {
    const isAbsentSince = ({ definition, token }: Key) => {
      const absence = absences?.get(definition, token)
      return absence !== undefined && isOlder(reach, absence.reach)
    }
    /** Whether no row had one of the row's keys when a later statement asked. */
    const isGone = (row: Row) => {
      if (!absences || absences.size() === 0) return false
      return keys.definitions.some((definition) => {
        const key = keys.keyOf(definition, row)
        return key !== undefined && isAbsentSince(key)
      })
    }
    return {
      publish(row, asked) {
        if (isGone(row) || (asked && isAbsentSince(asked))) return new Entry(row)
        if (asked) absences?.delete(asked.definition, asked.token)
        return rows.publish(row, reach, asked)
      },
      publishAll(all) {
        const entries = rows.publishAll(takeRows(all), { reach, isGone })
        if (!table || !isOlder(reach, table.reach)) table = { kind: 'table', entries, reach, due: false }
        return entries
      },
      publishAbsence(key) {
        const held = index.get(key)
        if ((held && isOlder(reach, held.reach)) || isAbsentSince(key)) return
        if (held) rows.remove(held)
        if (!isShort(key)) return
        absences ??= createFifoMap(maxRows)
        const value: AgingAbsence = { kind: 'absence', key, reach, due: false }
        absences.set(key.definition, key.token, { value, weight: 1 })
      },
      publishList(key, entries) {
        const held = lists?.get(key.definition, key.token)
        if (!isShort(key) || (held && isOlder(reach, held.reach))) return
        lists ??= createFifoMap(maxRows)
        const value: AgingList = { kind: 'list', key, entries, reach, due: false }
        lists.set(key.definition, key.token, { value, weight: entries.length + 1 })
      },
    }
  }

  return {
    version: undefined,
    hits: view(hit),
    peeks: view(peek),
    isEmpty: () => rows.size() === 0 && !absences && !lists && !table,
    all: () => (isGood(table) ? table!.entries : undefined),
    find: (key) => hit(index.get(key)),
    peek: (key) => peek(index.get(key)),
    isAbsent: ({ definition, token }) => isGood(absences?.get(definition, token)),
    list({ definition, token }) {
      const list = lists?.get(definition, token)
      return isGood(list) ? list!.entries : undefined
    },
    publication: (sentAt) => publication(reachFrom(sentAt, lifetime)),
    held: () => ({
      aliases: index.aliases(),
      absences: absences?.size() ?? 0,
      lists: lists?.size() ?? 0,
    }),
  }
}
