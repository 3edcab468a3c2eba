import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { type TimeLimit, withinDeadline } from '../database/deadline.ts'
import { createTimedExecute, type Execute, type TimedExecute } from '../database/execute.ts'
import { expectAdapter, ownDatabase } from '../database/lookup-adapter.ts'
import { pollChannel, trace } from '../diagnostics/channels.ts'
import type { ConfigurationError } from '../errors.ts'
import { type CommonWishes, type Follower, Followers } from './followers.ts'
import type { GuardedTable } from './guard-faults.ts'
import { machineClock } from './machine-clock.ts'
import { MachinePolls, type PollSending, type SharedPoll } from './machine-polls.ts'
import { readServerIdentity } from './server-identity.ts'
import { StructureWatch } from './structure-watch.ts'
import { ToldVersions } from './told-versions.ts'
import { answeredFromCache, type VersionAnswer, VersionReader, versionAnswer } from './version-reader.ts'
import { VERSION_TABLE } from './version-table.ts'

/** Answers why changes of the table could go unnoticed; undefined where they cannot. */
export type GuardReader = (
  db: Kysely<unknown>,
  guarded: GuardedTable,
) => Promise<ConfigurationError | undefined>

// A longer one would fire at once.
const LONGEST_TIMER = 2 ** 31 - 1

// A timer started in a request would hold on to that request's scope.
const outsideRequests = AsyncLocalStorage.snapshot()

const feeds = new WeakMap<object, VersionFeed>()

/** The polls of a database, which all its sets of repositories share. */
export function versionFeedOf(db: Kysely<unknown>, readGuard: GuardReader): VersionFeed {
  const adapter = expectAdapter(db)
  let feed = feeds.get(adapter)
  if (!feed) {
    feed = new VersionFeed(db, readGuard)
    feeds.set(adapter, feed)
  }
  return feed
}

/** When (in intervals) the next poll is due: of processes that share polls, the last one to poll does it again as a rule. */
const DUE = { alone: [0.9, 1.1], leading: [0.9, 0.95], following: [1, 1.1] } as const

/** Reads the versions of one database: one statement for all who follow them, at the shortest of their intervals. */
export class VersionFeed {
  readonly #db: Kysely<unknown>
  readonly #readGuard: GuardReader
  readonly #execute: TimedExecute
  readonly #structure = new StructureWatch()
  readonly #followers = new Followers()
  readonly #shared: MachinePolls
  readonly #reader = new VersionReader()
  readonly #told = new ToldVersions()
  /** What was read last. */
  #answer = versionAnswer(undefined, [])
  #timer: NodeJS.Timeout | undefined
  #began = Number.NEGATIVE_INFINITY
  #isFollowing = false
  #looking: Promise<void> | undefined
  /** The look that begins when the one under way has ended. */
  #next: Promise<void> | undefined

  constructor(db: Kysely<unknown>, readGuard: GuardReader) {
    this.#db = db
    this.#readGuard = readGuard
    const { lookups } = expectAdapter(db)
    this.#execute = createTimedExecute(db, { table: VERSION_TABLE })
    this.#shared = new MachinePolls({
      clock: machineClock(),
      places: () => this.#followers.wishes.machine,
      connections: () => lookups.opened,
    })
  }

  /** Reads the versions by a statement that is sent after the call. One at a time: an answer never overtakes another. */
  look(): Promise<void> {
    this.#shared.refuseEarlier()
    this.#next ??= this.#lookNext()
    return this.#next
  }

  /** This process has written: what others have read before is not taken over any more. */
  wrote(): void {
    this.#shared.refuseEarlier()
  }

  /** From now on, looks concern the follower too. */
  join(follower: Follower): void {
    this.#followers.add(follower)
  }

  /** Polls for the follower; the process may exit all the same. */
  follow(follower: Follower): void {
    this.#followers.poll(follower)
    this.#schedule()
  }

  /** Resolves when nothing is under way that concerns the follower. */
  async leave(follower: Follower): Promise<void> {
    this.#followers.delete(follower)
    this.#schedule()
    await this.#looking?.catch(() => {})
  }

  /** Asks whether any version has moved. Another process of the machine may have done it meanwhile, or a look of this one is due. */
  poll(): Promise<void> {
    if (this.#looking || this.#next) return this.look()
    const shared = this.#shared.newest(this.#followers.wishes.pollInterval)
    if (shared && this.#isPlain(shared)) return this.#run({ shared })
    return this.#run({})
  }

  /** The interval is from the last look's beginning: what it takes itself adds nothing to it. */
  #schedule(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { pollInterval } = this.#followers.wishes
    if (pollInterval === Number.POSITIVE_INFINITY) return
    const [from, to] = DUE[!this.#shared.isShared ? 'alone' : this.#isFollowing ? 'following' : 'leading']
    const { recheckAt } = this.#told
    const next = this.#began + pollInterval * (from + Math.random() * (to - from))
    const due = recheckAt > this.#began && recheckAt < next ? recheckAt : next
    const wait = Math.min(Math.max(0, due - performance.now()), LONGEST_TIMER)
    this.#timer = outsideRequests(() => setTimeout(this.#pollAgain, wait).unref())
  }

  readonly #pollAgain = async (): Promise<void> => {
    try {
      await this.poll()
    } catch {
      // Whoever follows is told when versions were not verified for too long.
    }
    this.#schedule()
  }

  /** Callers of one turn of the event loop ask together. */
  async #lookNext(): Promise<void> {
    await setImmediate()
    while (this.#looking) await this.#looking.catch(() => {})
    // It is sent before anybody else can ask.
    this.#next = undefined
    await this.#run({ all: true })
  }

  /** Whether it says no less than this process knows: what may be a restore, or a fault, it reads for itself. */
  #isPlain({ server, rows }: SharedPoll): boolean {
    const { versions, incomplete } = versionAnswer(server, rows)
    return [...this.#followers.wishes.followed].every(([table, caches]) => {
      const known = this.#answer.versions.get(table)
      const version = incomplete.has(table) ? undefined : versions.get(table)
      if (version !== undefined) return version >= Math.max(known ?? 0, ...caches.map(({ floor }) => floor))
      return known === undefined && caches.every(({ mode }) => mode === 'immutable')
    })
  }

  #run(look: Look): Promise<void> {
    const run = this.#look(look).finally(() => {
      this.#looking = undefined
    })
    this.#looking = run
    return run
  }

  async #look({ shared, all = false }: Look): Promise<void> {
    const { wishes } = this.#followers
    const { followers, followed, pollTimeout } = wishes
    if (followers.length === 0) return
    const now = performance.now()
    const sending = shared ? undefined : this.#shared.begin()
    const sentAt = shared?.sentAt ?? now
    this.#began = sentAt
    this.#isFollowing = shared !== undefined
    const limit = { what: 'versions', timeout: pollTimeout, due: now + pollTimeout }
    const reading = { wishes, limit, shared, sending, all }
    if (!shared && pollChannel.hasSubscribers)
      await trace(pollChannel, { tables: [...followed.keys()] }, () => this.#read(reading))
    else await this.#read(reading)
    for (const follower of followers) if (this.#followers.has(follower)) follower.verified(sentAt)
  }

  async #read(reading: Reading): Promise<void> {
    const { wishes, limit, shared, sending, all } = reading
    const { followed } = wishes
    const execute: Execute = (statement, values) => this.#execute(statement, values, limit)
    const answer = shared ? versionAnswer(shared.server, shared.rows) : await this.#reader.read(execute, all)
    this.#answer = answer
    const incomplete = this.#told.tell(answer, followed)
    const isOwn = !shared && !sending && !this.#reader.isRepeated
    if (isOwn && incomplete.size === 0 && this.#structure.isIdle(answer.server, followed)) return
    await this.#lookAtStructure(reading, { execute, answer, incomplete })
  }

  /** What moves no version. */
  async #lookAtStructure(reading: Reading, read: Read): Promise<void> {
    const { wishes, limit, shared, sending } = reading
    const { execute, answer } = read
    const { server, rows, versions } = answer
    const isRepeated = !shared && this.#reader.isRepeated
    const own = <Result>(work: (db: Kysely<unknown>) => Promise<Result>) =>
      withinDeadline(limit, () => work(ownDatabase(this.#db)))
    await this.#structure.look({
      ...{ execute, followed: wishes.followed, server },
      incomplete: isRepeated ? new Set(versions.keys()) : read.incomplete,
      tracked: versions,
      shared: shared && { ...shared, patience: 2.5 * wishes.pollInterval },
      check: (guarded) =>
        isRepeated ? Promise.resolve(answeredFromCache()) : own((db) => this.#readGuard(db, guarded)),
      counted: async (counters) => {
        if (!sending || server === undefined) return
        await this.#shared.publish(sending, { server, rows, counters }, () => own(readServerIdentity))
      },
    })
  }
}

interface Look {
  /** What another process has read already. */
  readonly shared?: SharedPoll
  /** Whether a version has moved, as a rule: whoever asks for a look knows of something. */
  readonly all?: boolean
}

interface Reading {
  readonly wishes: CommonWishes
  readonly limit: TimeLimit
  readonly shared: SharedPoll | undefined
  /** Undefined where this process tells nobody. */
  readonly sending: PollSending | undefined
  readonly all: boolean
}

interface Read {
  readonly execute: Execute
  readonly answer: VersionAnswer
  readonly incomplete: ReadonlySet<string>
}
