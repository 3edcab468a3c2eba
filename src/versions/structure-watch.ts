import type { Execute } from '../database/execute.ts'
import { errorNumber } from '../database/server-errors.ts'
import { type DdlCounters, movesBetween, readCounters, type TimedCounters } from './ddl-counters.ts'
import { type CheckGuard, type Followed, GuardFaults } from './guard-faults.ts'
import { creationTimes, systemOf, triggersOf } from './poll-sql.ts'
import { drop, dropDoubtful, isImmutable, type Suspicion } from './suspicion.ts'

/** One poll, after it has read the versions. */
export interface PolledVersions {
  readonly execute: Execute
  readonly check: CheckGuard
  readonly followed: Followed
  /** Which server has answered; undefined where there are no versions. */
  readonly server: string | undefined
  /** The tables that have version rows, but not all of them. */
  readonly incomplete: ReadonlySet<string>
  /** The tables that have version rows. */
  readonly tracked: Pick<ReadonlySet<string>, 'has'>
  /** Of a poll that another process has sent: its counters, and how long (ms) its next ones may be away. */
  readonly shared?: { readonly counters: TimedCounters | undefined; readonly patience: number } | undefined
  /** Told what the server has counted, as far as that is known. */
  counted?(counters: TimedCounters | undefined): Promise<void>
}

interface Structure {
  readonly created: string
  triggers: string | undefined
}

/** How often (ms) the counters are read at most: a server with many connections adds them up for each reader. */
const COUNTERS_INTERVAL = 900
/** For how long (ms) DDL that has begun is expected to end: it may wait for locks. */
const SUSPICION_TIME = 60_000
/** How often (ms) the structure is looked at if nothing tells of DDL: on this server the counters may not move. */
const LOOK_INTERVAL = 30_000
/** How many servers behind one address are told apart. */
const MOST_SERVERS = 16

/**
 * Notices what moves no version: DDL. The server counts the statements that begin; when a counter has moved, the times at which tables
 * were made and their triggers are compared, at the next poll and then at growing intervals for a minute. What changes rows
 * and leaves both (TRUNCATE, IMPORT TABLESPACE, partitions that are exchanged) drops what is held.
 */
export class StructureWatch {
  readonly #faults = new GuardFaults()
  readonly #counters = new Map<string, DdlCounters>()
  readonly #known = new Map<string, Structure>()
  /** All of them are known. */
  #compared: Followed | undefined
  #cascades: string | undefined
  #isCountable = true
  #countedAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
  #server: string | undefined
  #suspicion: Suspicion | undefined

  /** Whether a look would do nothing, where the versions are all there. */
  isIdle(server: string | undefined, followed: Followed): boolean {
    if (!this.#faults.isEmpty) return false
    if (server === undefined) return true
    const now = performance.now()
    return !this.#areCountersDue(server, now, COUNTERS_INTERVAL) && !this.#isDue(followed, now)
  }

  async look(polled: PolledVersions): Promise<void> {
    const { server, followed, incomplete, check } = polled
    const now = performance.now()
    const changed = new Set<string>()
    const unseen = new Set<string>()
    if (server !== undefined) {
      await this.#count(polled, { server, now })
      await polled.counted?.(this.#lastCounters(server))
      if (this.#isDue(followed, now)) await this.#compare(polled, { now, server, changed, unseen })
    }
    if (changed.size + incomplete.size + unseen.size > 0 || !this.#faults.isEmpty) {
      await this.#faults.check({ followed, changed, incomplete, unseen }, check)
    }
  }

  async #count(polled: PolledVersions, { server, now }: { server: string; now: number }): Promise<void> {
    const timed = this.#newerCounters(polled, server) ?? (await this.#readCounters(polled, { server, now }))
    if (!timed) return
    const { counters } = timed
    this.#countedAt = timed.sentAt
    this.#server = server
    const isFirst = this.#counters.size === 0
    const moves = isFirst ? undefined : movesBetween(this.#counters.get(server), counters)
    if (!this.#counters.has(server) && this.#counters.size === MOST_SERVERS) this.#counters.clear()
    this.#counters.set(server, counters)
    if (!moves) return
    this.#suspicion = {
      since: now,
      next: now,
      altered: moves.altered || this.#suspicion?.altered === true,
      truncated: moves.truncated || this.#suspicion?.truncated === true,
    }
  }

  /** Those of another process, unless this one was answered later: counters only rise while a server runs. */
  #newerCounters({ shared }: PolledVersions, server: string): TimedCounters | undefined {
    if (!shared?.counters || shared.counters.sentAt <= this.#countedAt) return undefined
    const { counts } = shared.counters.counters
    const known = this.#counters.get(server)?.counts ?? new Map<string, number>()
    return [...known].every(([name, count]) => counts.get(name)! >= count) ? shared.counters : undefined
  }

  /** Undefined where they were read a moment ago, or cannot be. */
  async #readCounters(
    { execute, shared }: PolledVersions,
    { server, now }: { server: string; now: number },
  ): Promise<TimedCounters | undefined> {
    if (!this.#areCountersDue(server, now, COUNTERS_INTERVAL + (shared?.patience ?? 0))) return undefined
    let counters: DdlCounters | undefined
    try {
      counters = await readCounters(execute, systemOf(server))
    } catch (error) {
      // The server has not refused it.
      if (errorNumber(error) === undefined) throw error
    }
    // Where they are not shown, every poll compares.
    this.#isCountable = counters !== undefined
    return counters && { sentAt: now, counters }
  }

  #areCountersDue(server: string, now: number, interval: number): boolean {
    return this.#isCountable && (server !== this.#server || now - this.#countedAt >= interval)
  }

  #lastCounters(server: string): TimedCounters | undefined {
    const counters = server === this.#server ? this.#counters.get(server) : undefined
    return counters && { sentAt: this.#countedAt, counters }
  }

  #isDue(followed: Followed, now: number): boolean {
    return (
      !this.#isCountable ||
      now - this.#lookedAt >= LOOK_INTERVAL ||
      (this.#suspicion !== undefined && now >= this.#suspicion.next) ||
      (followed !== this.#compared && [...followed.keys()].some((table) => !this.#known.has(table)))
    )
  }

  async #compare(polled: PolledVersions, look: Look): Promise<void> {
    const { execute, followed } = polled
    const { now, server, changed } = look
    const names = [...followed.keys()]
    const system = systemOf(server)
    const suspicion = this.#suspicion && now >= this.#suspicion.next ? this.#suspicion : undefined
    if (suspicion) await dropDoubtful(suspicion, { execute, followed, system })
    const rows = await execute(creationTimes(names.length, system), names)
    const created = new Map(rows.map(([name, at]) => [String(name), String(at)]))
    const isNew = names.some((name) => !this.#known.has(name))
    for (const name of names) {
      const before = this.#known.get(name)
      const at = created.get(name) ?? ''
      if (before && before.created !== at) {
        // Another table has the name now, whose version may be the same.
        drop(followed.get(name)!)
        changed.add(name)
      }
    }
    const triggers = suspicion || isNew || changed.size > 0 ? await readTriggers(execute, names) : undefined
    for (const name of names) {
      const known = { created: created.get(name) ?? '', triggers: this.#known.get(name)?.triggers }
      if (triggers) this.#compareTriggers({ name, triggers, known, polled, look })
      this.#known.set(name, known)
    }
    if (triggers) this.#compareCascades(triggers.cascades, polled, look)
    this.#compared = followed
    this.#lookedAt = now
    if (!suspicion) return
    suspicion.next = now + (now - suspicion.since)
    if (now - suspicion.since > SUSPICION_TIME) this.#suspicion = undefined
  }

  #compareTriggers({ name, triggers, known, polled, look }: TriggerComparison): void {
    const before = known.triggers
    const seen = triggers.byTable.get(name) ?? ''
    known.triggers = seen
    if (before !== undefined && before !== seen) look.changed.add(name)
    if (seen !== '') return
    // Without the right to see triggers, only the check tells. It has passed before the first read of a versioned table.
    const isDoubtful = isImmutable(polled.followed.get(name)!)
      ? polled.tracked.has(name)
      : before !== undefined
    if (isDoubtful) look.unseen.add(name)
  }

  #compareCascades(cascades: string, { followed }: PolledVersions, { changed }: Look): void {
    if (this.#cascades !== undefined && this.#cascades !== cascades) {
      for (const [name, caches] of followed) if (!isImmutable(caches)) changed.add(name)
    }
    this.#cascades = cascades
  }
}

interface Look {
  readonly now: number
  readonly server: string
  readonly changed: Set<string>
  readonly unseen: Set<string>
}

interface TriggerComparison {
  readonly name: string
  readonly triggers: Triggers
  readonly known: Structure
  readonly polled: PolledVersions
  readonly look: Look
}

interface Triggers {
  readonly byTable: ReadonlyMap<string, string>
  readonly cascades: string
}

async function readTriggers(execute: Execute, names: readonly string[]): Promise<Triggers> {
  const rows = (await execute(triggersOf(names.length), names)).map((row) => row.map(String))
  const byTable = new Map<string, string>()
  for (const [table = '', ...values] of rows) {
    byTable.set(table, `${byTable.get(table) ?? ''}${values.join(' ')}\n`)
  }
  const cascades = rows.filter(([, name]) => name?.startsWith('lookup_cascade_')).join('\n')
  return { byTable, cascades }
}
