import { now } from './clock.ts'

/** A time in which the server is disturbed: another one may take over, which lacks the last commits. */
export interface Takeover {
  readonly began: number
  /** Resolves when a server takes writes again. */
  readonly over: Promise<void>
}

/** What a run tells its processes: that one begins, that it is over, that the run is. */
export type Told = 'takeover' | 'over' | 'stop'

/** The takeovers that this process is told of. */
export function takeovers(): { readonly last: () => Takeover | undefined; told(message: Told): void } {
  let last: Takeover | undefined
  let end = () => {}
  return {
    last: () => last,
    told(message) {
      if (message === 'over') end()
      if (message !== 'takeover') return
      const { promise, resolve } = Promise.withResolvers<void>()
      last = { began: now(), over: promise }
      end = resolve
    },
  }
}
