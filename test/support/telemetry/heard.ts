import { channel, tracingChannel } from 'node:diagnostics_channel'
import type {
  BatchMessage,
  DoorbellMessage,
  EvictMessage,
  GenerationMessage,
  LoadMessage,
  PollMessage,
  RefreshMessage,
  StoreMessage,
  UnverifiedMessage,
  VerifiedMessage,
} from '../../../src/index.ts'

/** What was published since it began to listen. */
export interface Heard extends Disposable {
  /** Of the steps, those that have ended. */
  readonly load: LoadMessage[]
  readonly batch: BatchMessage[]
  readonly poll: PollMessage[]
  readonly refresh: RefreshMessage[]
  readonly evict: EvictMessage[]
  readonly generation: GenerationMessage[]
  readonly unverified: UnverifiedMessage[]
  readonly verified: VerifiedMessage[]
  readonly doorbell: DoorbellMessage[]
  readonly store: StoreMessage[]
  /** How many messages were published, beginnings of steps included. */
  readonly count: number
}

const steps = ['load', 'batch', 'poll', 'refresh'] as const
const moments = ['evict', 'generation', 'unverified', 'verified', 'doorbell', 'store'] as const

/** Subscribes to the channels, as a user does it: by name. */
export function listen(names: readonly string[] = [...steps, ...moments]): Heard {
  const heard = Object.fromEntries([...steps, ...moments].map((name) => [name, [] as unknown[]]))
  let count = 0
  const stops: (() => void)[] = []
  for (const name of moments) {
    if (!names.includes(name)) continue
    const take = (message: unknown) => {
      count++
      heard[name]!.push(message)
    }
    channel(`kysely-lookup:${name}`).subscribe(take)
    stops.push(() => channel(`kysely-lookup:${name}`).unsubscribe(take))
  }
  for (const name of steps) {
    if (!names.includes(name)) continue
    const subscribers = {
      start: () => count++,
      end: () => {},
      asyncStart: () => {},
      asyncEnd: (message: object) => heard[name]!.push(message),
      error: () => {},
    }
    tracingChannel(`kysely-lookup:${name}`).subscribe(subscribers)
    stops.push(() => void tracingChannel(`kysely-lookup:${name}`).unsubscribe(subscribers))
  }
  return Object.assign(heard, {
    get count() {
      return count
    },
    [Symbol.dispose]() {
      for (const stop of stops) stop()
    },
  }) as unknown as Heard
}
