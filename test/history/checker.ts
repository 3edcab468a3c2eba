import { ASKED, type PollEvent, type ProcessHistory, type ReadEvent } from './events.ts'
import { awakeClock, type Stall } from './stops.ts'

export type ViolationKind =
  | 'uncommitted value'
  | 'value of nobody'
  | 'older than the last poll'
  | 'older than the bound'
  | 'own commit not seen'
  | 'went back'
  | 'request not stable'
  | 'reader complained'

export interface Violation {
  readonly kind: ViolationKind
  readonly process: number
  readonly detail: string
}

export interface HistoryOptions {
  /** With the reads of each process in the order in which they ended. */
  readonly processes: readonly (ProcessHistory & { readonly reads: Iterable<ReadEvent> })[]
  /** By key the value at the start; 0 for none. */
  readonly initial: ReadonlyMap<number, number>
  /** How the table is cached (default `versioned`). */
  readonly mode?: 'versioned' | 'expiring'
  /** Microseconds of a running process within which a committed change must be seen; of a `versioned` table, while polls succeed. */
  readonly bound: number
}

export interface Verdict {
  /** The first ones. */
  readonly violations: readonly Violation[]
  readonly counts: Readonly<Partial<Record<ViolationKind, number>>>
  readonly reads: number
}

/** A key's value from one commit to the next. */
interface State {
  readonly value: number
  readonly sent: number
  readonly acknowledged: number
  readonly by: number
}

const SHOWN = 20

/** Judges what was read by the logs alone: guarantees 3, 5 and 7, those of versions or those of ages. */
export function checkHistory(options: HistoryOptions): Verdict {
  const timelines = createTimelines(options)
  const violations: Violation[] = []
  const counts: Partial<Record<ViolationKind, number>> = {}
  let reads = 0

  for (const { process, polls, stalls, reads: events, complaints } of options.processes) {
    const report = (kind: ViolationKind, detail: string) => {
      counts[kind] = (counts[kind] ?? 0) + 1
      if (violations.length < SHOWN) violations.push({ kind, process, detail })
    }
    for (const complaint of complaints) report('reader complained', complaint)
    const { mode = 'versioned', bound } = options
    const judge = createJudge({ process, polls, stalls, timelines, mode, bound, report })
    for (const read of events) {
      reads++
      judge(read)
    }
  }
  return { violations, counts, reads }
}

interface Timelines {
  /** By key its committed states, in order. */
  readonly states: ReadonlyMap<number, readonly State[]>
  /** By value the positions of its states: one, and another one where a server that took over had lost what came after it. */
  readonly positions: ReadonlyMap<number, readonly number[]>
  /** Values that were written and never committed. */
  readonly never: ReadonlySet<number>
}

function createTimelines({ processes, initial }: HistoryOptions): Timelines {
  const states = new Map<number, State[]>()
  const never = new Set<number>()
  const start = Number.NEGATIVE_INFINITY
  for (const [key, value] of initial) states.set(key, [{ value, sent: start, acknowledged: start, by: -1 }])
  for (const { writes } of processes) {
    for (const write of writes) {
      if (write.committed) states.get(write.key)!.push(write)
      else if (write.value !== 0) never.add(write.value)
    }
  }
  const positions = new Map<number, number[]>()
  for (const list of states.values()) {
    for (const [index, { value }] of list.entries()) {
      if (value !== 0) positions.set(value, [...(positions.get(value) ?? []), index])
    }
  }
  return { states, positions, never }
}

/** How many of the first ones hold, where those that hold come first. */
function holding<T>(list: readonly T[], holds: (one: T) => boolean): number {
  let low = 0
  let high = list.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(list[middle]!)) low = middle + 1
    else high = middle
  }
  return low
}

interface JudgeOptions {
  readonly process: number
  readonly polls: readonly PollEvent[]
  readonly stalls: readonly Stall[]
  readonly timelines: Timelines
  readonly mode: 'versioned' | 'expiring'
  readonly bound: number
  report(kind: ViolationKind, detail: string): void
}

interface SeenInRequest {
  value?: number
  /** When it was found first. */
  found?: number
  /** The questions whose answer was that there is no row. */
  readonly absent: Set<ReadEvent['by']>
}

/** What a process has seen of a key: from `end` on nothing before the state `index` may be seen. */
interface Seen {
  readonly end: number
  readonly index: number
}

function createJudge(options: JudgeOptions): (read: ReadEvent) => void {
  const { process, timelines, mode, bound, report } = options
  const polls = createPollTimeline(mode === 'expiring' ? [] : options.polls)
  const awake = awakeClock(options.stalls)
  const seen = new Map<number, Seen[]>()
  const requests = new Map<number, Map<number, SeenInRequest>>()

  /**
   * In one request a key has one value, and what was found by one key is found by the other. What was absent by one may be
   * found by the other later, for then it had not been asked by that.
   */
  function checkRequest({ begin, end, request, by, key, value }: ReadEvent): void {
    if (request === 0) return
    let values = requests.get(request)
    if (!values) {
      values = new Map()
      requests.set(request, values)
      // Requests end in about the order in which they began: few are open at a time.
      if (requests.size > 1_000) requests.delete(requests.keys().next().value!)
    }
    const seen = values.get(key) ?? { absent: new Set() }
    values.set(key, seen)
    const absent = seen.absent.has(by)
    // Two keys of one row asked at the same time may be answered at different versions, where one finds nothing.
    const vanished = seen.found !== undefined && seen.found < begin && !absent
    const differs = value === 0 ? vanished : absent || (seen.value ?? value) !== value
    if (differs) {
      report(
        'request not stable',
        `request ${request} saw key ${key} as ${value || 'absent'}, and before as ${absent ? 'absent' : seen.value}`,
      )
    }
    if (value === 0) seen.absent.add(by)
    // A list says nothing of what a key answers that was not asked before.
    else if (by !== ASKED.list && seen.value === undefined) {
      seen.value = value
      seen.found = end
    }
  }

  const own = new Map<number, readonly number[]>()
  for (const [key, states] of timelines.states) {
    own.set(
      key,
      states.flatMap(({ by }, index) => (by === process ? [index] : [])),
    )
  }

  /** The last state that the read can have shown: an absence may be any deletion, whatever would be right is meant. */
  function shownState({ end, key, value }: ReadEvent): number | undefined {
    const states = timelines.states.get(key)!
    const sent = holding(states, (state) => state.sent <= end) - 1
    if (value !== 0) {
      return timelines.positions.get(value)?.findLast((position) => position <= sent)
    }
    for (let index = sent; index >= 0; index--) if (states[index]!.value === 0) return index
    return undefined
  }

  /** What a value is that was not committed when it was read. */
  function strangeness({ value }: ReadEvent): ViolationKind {
    const written = value === 0 || timelines.never.has(value) || timelines.positions.has(value)
    return written ? 'uncommitted value' : 'value of nobody'
  }

  return (read) => {
    const { begin, end, since, request, key, value } = read
    const states = timelines.states.get(key)!
    const where = () =>
      `key ${key} = ${value || 'no row'}, read from ${shown(begin)} to ${shown(end)}${request ? ` in request ${request}, begun at ${shown(since)}` : ''}`
    checkRequest(read)

    const latest = shownState(read)
    if (latest === undefined) return report(strangeness(read), where())
    const polled = polls.lastBegin(since)
    const must = holding(states, ({ acknowledged }) => acknowledged < polled) - 1
    if (latest < must) {
      report(
        'older than the last poll',
        `${where()}; ${describe(states[must]!)} was there when the last poll before it began, at ${shown(polled)}`,
      )
    }
    const latestDue = awake(since) - bound
    const due = holding(states, ({ acknowledged }) => awake(acknowledged) < latestDue) - 1
    if (latest < due && (mode === 'expiring' || polls.allSucceeded(states[due]!.acknowledged, since))) {
      report(
        'older than the bound',
        `${where()}; ${describe(states[due]!)} was committed ${shown(since - states[due]!.acknowledged)} before`,
      )
    }
    const mine = own.get(key)!
    const made = mine[holding(mine, (index) => states[index]!.acknowledged < since) - 1]
    if (made !== undefined && latest < made) {
      report('own commit not seen', `${where()}; this process committed ${describe(states[made]!)}`)
    }

    const floors = seen.get(key) ?? []
    const floor = floors[holding(floors, (one) => one.end < begin) - 1]
    // What expires later may be older: only the bound is promised, and what one request sees.
    if (mode === 'versioned' && request === 0 && floor && latest < floor.index) {
      report('went back', `${where()}; ${describe(states[floor.index]!)} was seen by ${shown(floor.end)}`)
    }
    // What it certainly shows is the earliest state that it can be.
    const from = request === 0 ? (floor?.index ?? 0) : 0
    const certain = states.findIndex((state, index) => index >= from && state.value === value)
    if (certain > (floors.at(-1)?.index ?? 0)) {
      floors.push({ end, index: certain })
      seen.set(key, floors)
    }
  }
}

interface PollTimeline {
  /** When the last poll began that succeeded and had ended by then. */
  lastBegin(time: number): number
  /** Whether no poll between the two failed, and there was one before. */
  allSucceeded(from: number, to: number): boolean
}

function createPollTimeline(polls: readonly PollEvent[]): PollTimeline {
  const good = polls.filter(({ failed }) => !failed)
  const bad = polls.filter(({ failed }) => failed)
  return {
    lastBegin(time) {
      return good[holding(good, ({ end }) => end < time) - 1]?.begin ?? Number.NEGATIVE_INFINITY
    },
    allSucceeded(from, to) {
      const [first] = good
      if (!first || first.begin > from) return false
      return !bad.some(({ begin, end }) => end >= from && begin <= to)
    },
  }
}

function describe({ value, by }: State): string {
  return `${value === 0 ? 'its deletion' : value}${by < 0 ? '' : ` (by process ${by})`}`
}

function shown(microseconds: number): string {
  return Number.isFinite(microseconds) ? `${(microseconds / 1000).toFixed(3)} ms` : 'the start'
}
