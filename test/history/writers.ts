import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { Change, Channel, Ending, Hand } from './channels.ts'
import { now } from './clock.ts'
import type { WriteEvent } from './events.ts'
import { initialValue } from './table.ts'
import type { Takeover } from './takeover.ts'

export interface WriterOptions {
  readonly channel: Channel
  readonly random: Random
  /** Only this writer changes them. */
  readonly keys: readonly number[]
  /** Tells the values of writers apart. */
  readonly writer: number
  /** The process, where what it commits is its repositories' own. */
  readonly process: number
  readonly writes: WriteEvent[]
  /** Microseconds from one rest to the next. */
  readonly tide: number
  stopped(): boolean
  complain(what: string): void
  /** Whether the changes were committed after all, once nobody is at work on them any more. */
  outcome(changes: readonly Change[]): Promise<boolean>
  /** The last time that the server was disturbed. */
  takeover(): Takeover | undefined
  /** The values that keys have, 0 for none, on the server that is asked now. */
  valuesOf(keys: readonly number[]): Promise<ReadonlyMap<number, number>>
}

/** Milliseconds after which every process has polled a server that took over, and again 750 ms later if its version is lower. */
const ACCEPTED = 2_250

const WRITERS = 64

/**
 * Errors after which a statement that commits itself has certainly done nothing: deadlock, lock time-out, snapshot, duplicate, a
 * server that takes no writes.
 */
const UNDONE = new Set([1213, 1205, 1020, 1062, 1290])

export async function write(options: WriterOptions): Promise<void> {
  const { channel, random, keys, writes } = options
  const values = new Map(keys.map((key) => [key, initialValue(key)]))
  let count = keys.length
  let settled: Takeover | undefined

  const nextValue = () => ++count * WRITERS + options.writer

  function nextChange(key: number): Change {
    const present = (values.get(key) ?? 0) !== 0
    if (!present) return { key, value: nextValue(), kind: 'insert' }
    return random.is(0.25) ? { key, value: 0, kind: 'delete' } : { key, value: nextValue(), kind: 'update' }
  }

  function log(changes: readonly Change[], written: Omit<WriteEvent, 'key' | 'value'>): void {
    for (const { key, value } of changes) {
      writes.push({ key, value, ...written })
      if (written.committed) values.set(key, value)
    }
  }

  /** What was committed last on a server that is gone may be lost: readers may have seen it nevertheless. */
  function unsettled(): Takeover | undefined {
    const takeover = options.takeover()
    return takeover === settled ? undefined : takeover
  }

  /** Another server may have taken over, without the last commits: from then on it has what it has. */
  async function settle(takeover: Takeover): Promise<void> {
    await takeover.over
    await pause(ACCEPTED)
    const found = await options.valuesOf(keys)
    const acknowledged = now()
    for (const [key, value] of found) {
      if (value === values.get(key)) continue
      const last = writes.findLast((write) => write.key === key && write.committed)
      const sent = Math.max(takeover.began, last?.sent ?? 0)
      log([{ key, value, kind: 'update' }], { sent, acknowledged, committed: true, by: -1 })
    }
    settled = takeover
  }

  async function alone(): Promise<void> {
    const change = nextChange(random.pick(keys))
    const sent = now()
    let by = channel.own ? options.process : -1
    let committed = true
    try {
      await channel.alone(change)
    } catch (error) {
      by = -1
      const undone = UNDONE.has((error as { errno?: number }).errno ?? 0)
      committed = !undone && ((await options.outcome([change])) || unsettled() !== undefined)
    }
    log([change], { sent, acknowledged: now(), committed, by })
  }

  async function together(): Promise<void> {
    const ending: Ending = random.pick(['commit', 'commit', 'commit', 'rollback', 'die'])
    const changes = new Set(Array.from({ length: 1 + random.below(3) }, () => random.pick(keys)))
    const last = [...changes].map(nextChange)
    const hidden: Change[] = []
    let sent: number | undefined
    let by = channel.own ? options.process : -1
    let committed = ending === 'commit'

    /** What a savepoint takes back, or a later statement of the transaction hides, nobody else may see either. */
    async function work(hand: Hand): Promise<void> {
      for (const change of last) {
        if (change.kind !== 'update') {
          await hand.apply(change)
          continue
        }
        const draft = { ...change, value: nextValue() }
        if (random.is(0.3)) {
          hidden.push(draft)
          const taken = random.is(0.5)
          if (taken) await hand.run('savepoint here')
          await hand.apply(draft)
          if (random.is(0.5)) await pause(random.below(20))
          if (taken) await hand.run('rollback to savepoint here')
        }
        await hand.apply(change)
      }
      if (random.is(0.3)) await pause(random.below(30))
    }

    try {
      await channel.together({
        work,
        ending,
        committing: () => {
          sent = now()
        },
      })
    } catch {
      // Where COMMIT was not sent the server has rolled back, or will when it sees that the connection has gone.
      by = -1
      committed = sent !== undefined && ((await options.outcome(last)) || unsettled() !== undefined)
    }
    const acknowledged = now()
    sent ??= acknowledged
    log(hidden, { sent, acknowledged, committed: false, by: -1 })
    log(last, { sent, acknowledged, committed, by })
  }

  while (!options.stopped()) {
    const takeover = unsettled()
    if (takeover) await settle(takeover)
    // Everybody rests at the same times: caches are warm then, and most reads are hits.
    if (now() % options.tide > options.tide / 2) {
      await pause(5)
      continue
    }
    await (random.is(0.35) ? alone() : together())
    await pause(random.below(25))
  }
}
