import { errorNumber } from '../database/server-errors.ts'
import type { MachineRecords } from '../store/store.ts'
import { countersFrom, type TimedCounters } from './ddl-counters.ts'
import type { MachineClock } from './machine-clock.ts'
import {
  isNewer,
  openPollRecord,
  type PolledRow,
  type PollRecord,
  pollRecordName,
  sealPollRecord,
} from './poll-record.ts'
import { COUNTERS } from './poll-sql.ts'
import type { ServerIdentity } from './server-identity.ts'

export interface MachinePollsOptions {
  /** Undefined where the machine has none: nothing is shared then. */
  readonly clock: MachineClock | undefined
  /** Where the processes of the machine tell each other. */
  places(): ReadonlySet<MachineRecords>
  /** How many connections were opened so far: a new one may lead to another server. */
  connections(): number
}

/** What is noted before a poll is sent. */
export interface PollSending extends Pick<PollRecord, 'sentAt' | 'sentAtWall'> {
  readonly connections: number
}

/** What a poll has read. */
export interface PollAnswer {
  readonly server: string
  readonly rows: readonly PolledRow[]
  readonly counters: TimedCounters | undefined
}

/** The poll of another process. Times are those of `performance.now`. */
export interface SharedPoll extends PollAnswer {
  readonly sentAt: number
}

/** Asks which server it is. */
type Identify = () => Promise<ServerIdentity | undefined>

/**
 * The polls that the processes of a machine share. What a poll has read was true when it was sent, whoever sent it: it counts from
 * then on, and the next one is due when it would be due for its sender. Nothing is taken from others that this process would not
 * have been told itself: by the same server, since its start, on the same database.
 */
export class MachinePolls {
  readonly #options: MachinePollsOptions
  /** By the machine's clock: what was sent before says nothing new. */
  #after = Number.NEGATIVE_INFINITY
  /** Whom this process asks, as its last own poll has found. */
  #server: string | undefined
  #connections = -1
  /** The name of its records; undefined where nothing tells the server for certain. */
  #name: string | undefined

  constructor(options: MachinePollsOptions) {
    this.#options = options
  }

  /** Whether others can take over what this process reads. */
  get isShared(): boolean {
    return this.#name !== undefined
  }

  /** What was sent until now is not taken from others any more. */
  refuseEarlier(): void {
    const { clock } = this.#options
    if (clock) this.#after = clock.monotonic()
  }

  /** To be called before a poll is sent; undefined where nobody is to be told. */
  begin(): PollSending | undefined {
    const { clock, places, connections } = this.#options
    if (!clock || places().size === 0) return undefined
    this.refuseEarlier()
    return { sentAt: this.#after, sentAtWall: clock.wall(), connections: connections() }
  }

  /** Tells the others what a poll of this process has read. Never rejects. */
  async publish(
    sending: PollSending,
    { server, rows, counters }: PollAnswer,
    identify: Identify,
  ): Promise<void> {
    if (server !== this.#server || sending.connections !== this.#connections) {
      this.#name = undefined
      await this.#identify({ server, sending, identify })
    }
    const name = this.#name
    if (name === undefined) return
    const { sentAt, sentAtWall } = sending
    const record = {
      sentAt,
      sentAtWall,
      server,
      rows,
      ...(counters && { counters: countersOf(counters, this.#options.clock!) }),
    }
    // Without it, the others poll for themselves.
    for (const place of this.#options.places()) write(place, name, record).catch(() => {})
  }

  async #identify({
    server,
    sending,
    identify,
  }: {
    readonly server: string
    readonly sending: PollSending
    readonly identify: Identify
  }): Promise<void> {
    try {
      const identity = await identify()
      // Another connection may lead to another server.
      if (identity && server.endsWith(` ${identity.place}`)) {
        this.#name = pollRecordName(this.#options.clock!.id, identity.text, identity.database)
      }
    } catch (error) {
      // The server has not refused it: the next poll asks again.
      if (errorNumber(error) === undefined) return
    }
    this.#server = server
    this.#connections = sending.connections
  }

  /** The newest poll of another process that is younger than `age` (ms) and says something new. */
  newest(age: number): SharedPoll | undefined {
    const { clock, places, connections } = this.#options
    const name = this.#name
    if (!clock || name === undefined || connections() !== this.#connections) return undefined
    let newest: PollRecord | undefined
    for (const place of places()) {
      const record = read(place, name)
      if (record && record.sentAt > (newest?.sentAt ?? this.#after)) newest = record
    }
    if (!newest) return undefined
    // In this order: a process that is stopped in between takes the poll for older than it is.
    const here = performance.now()
    const now = clock.monotonic()
    if (newest.sentAt > now || Math.max(now - newest.sentAt, clock.wall() - newest.sentAtWall) >= age)
      return undefined
    this.#after = newest.sentAt
    const { server, rows, counters } = newest
    return {
      sentAt: here - (now - newest.sentAt),
      ...{ server, rows },
      counters: counters && {
        sentAt: here - (now - counters.sentAt),
        counters: countersFrom(counters.counts, here - (now - counters.startedAt)),
      },
    }
  }
}

function read(place: MachineRecords, name: string): PollRecord | undefined {
  try {
    const sealed = place.get(name)
    return sealed === undefined ? undefined : openPollRecord(name, sealed)
  } catch {
    return undefined
  }
}

async function write(place: MachineRecords, name: string, record: PollRecord): Promise<void> {
  // This process may have been stopped since the poll was sent.
  if (isNewer(record, name, place.get(name))) await place.put(name, sealPollRecord(name, record))
}

function countersOf({ sentAt, counters }: TimedCounters, clock: MachineClock): PollRecord['counters'] {
  const now = clock.monotonic()
  const here = performance.now()
  return {
    sentAt: now - (here - sentAt),
    startedAt: now - (here - counters.startedAt * 1_000),
    counts: COUNTERS.map((name) => counters.counts.get(name)!),
  }
}
