import { after, beforeEach } from 'node:test'

/** The clocks of the process, which a test moves on, together or apart. */
export interface Clocks {
  /** Both go on by so many milliseconds, as when time passes. */
  pass(milliseconds: number): void
  /** Only the wall clock moves: the machine was suspended, or its clock was set. */
  set(milliseconds: number): void
  /** Both stand still until the test ends: nothing is slow meanwhile. */
  stop(): void
}

/** To be called in a `describe`: the clocks are right at the beginning of each test, and after the last one. */
export function clocks(): Clocks {
  const right = { wall: Date.now, monotonic: performance.now }
  const ahead = { wall: 0, monotonic: 0 }
  let stopped: { readonly wall: number; readonly monotonic: number } | undefined
  Date.now = () => (stopped?.wall ?? right.wall.call(Date)) + ahead.wall
  performance.now = () => (stopped?.monotonic ?? right.monotonic.call(performance)) + ahead.monotonic
  beforeEach(() => {
    ahead.wall = 0
    stopped = undefined
  })
  after(() => {
    Date.now = right.wall
    performance.now = right.monotonic
  })
  return {
    pass(milliseconds) {
      ahead.wall += milliseconds
      ahead.monotonic += milliseconds
    },
    set(milliseconds) {
      ahead.wall += milliseconds
    },
    stop() {
      stopped = { wall: right.wall.call(Date), monotonic: right.monotonic.call(performance) }
    },
  }
}
