import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { Change, Channel, Ending, Hand } from './channels.ts'
import { now } from './clock.ts'
import type { WriteEvent } from './events.ts'
import { initialValue } from './table.ts'

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
  stopped(): boolean
  complain(what: string): void
  /** Whether the changes were committed after all, once nobody is at work on them any more. */
  outcome(changes: readonly Change[]): Promise<boolean>
}

const WRITERS = 64

/** Microseconds from one rest to the next. */
const TIDE = 500_000

/** Errors after which a statement that commits itself has certainly done nothing: deadlock, lock time-out, snapshot, duplicate. */
const UNDONE = new Set([1213, 1205, 1020, 1062])

export async function write(options: WriterOptions): Promise<void> {
  const { channel, random, keys, writes } = options
  const values = new Map(keys.map((key) => [key, initialValue(key)]))
  let count = keys.length

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
      committed = !undone && (await options.outcome([change]))
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
      committed = sent !== undefined && (await options.outcome(last))
    }
    const acknowledged = now()
    sent ??= acknowledged
    log(hidden, { sent, acknowledged, committed: false, by: -1 })
    log(last, { sent, acknowledged, committed, by })
  }

  while (!options.stopped()) {
    // Everybody rests at the same times: caches are warm then, and most reads are hits.
    if (now() % TIDE > TIDE / 2) {
      await pause(5)
      continue
    }
    await (random.is(0.35) ? alone() : together())
    await pause(random.below(25))
  }
}
