import { AsyncLocalStorage } from 'node:async_hooks'

export interface PacedLooksOptions {
  /** Reads the versions by a statement that is sent after the call, and answers whether any had moved. */
  look(): Promise<boolean>
  /** Milliseconds between polls. */
  readonly pollInterval: number
}

/** Looks at versions when asked to, at a bounded rate. */
export interface PacedLooks {
  /** A look is sent after the call, and soon. */
  ask(): void
  /** Resolves when no look is under way, and none follows. */
  stop(): Promise<void>
}

/** Milliseconds between the beginnings of two looks. */
const GAP = 20
/** How many looks in a row may find nothing; after that, one per fifth of the poll's interval, or per second. */
const BUDGET = 5
const LONGEST_REFILL = 1_000
/** When to look again (ms) after a look that found nothing: a ring may come before its change is visible. */
const AGAIN = [20, 100, 400]

/**
 * The last request is always followed by a look. Looks that find nothing are paid from a budget, so a bus that rings for every
 * change of any table costs the server no more than a few polls.
 */
export function createPacedLooks({ look, pollInterval }: PacedLooksOptions): PacedLooks {
  // A timer started in a request would hold on to that request's scope.
  const outsideRequests = AsyncLocalStorage.snapshot()
  const refillTime = Math.min(pollInterval / 5, LONGEST_REFILL)
  let asked = false
  let looking: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  let began = Number.NEGATIVE_INFINITY
  let budget = BUDGET
  let refilledAt = performance.now()
  let tries = 0

  function refill(now: number): void {
    const passed = (now - refilledAt) / refillTime
    if (passed < 1) return
    budget = Math.min(BUDGET, budget + Math.floor(passed))
    // The next one comes at another time in each process.
    refilledAt = now - (Math.random() * refillTime) / 5
  }

  function arrange(after: number): void {
    clearTimeout(timer)
    if (stopped || looking) return
    const now = performance.now()
    refill(now)
    const paid = budget > 0 ? now : refilledAt + refillTime
    const wait = Math.max(after, began + GAP - now, paid - now, 0)
    timer = outsideRequests(() => setTimeout(begin, wait).unref())
  }

  function begin(): void {
    asked = false
    began = performance.now()
    refill(began)
    budget--
    looking = look()
      // The poll, which goes on, reports what fails.
      .catch(() => false)
      .then(ended)
  }

  function ended(moved: boolean): void {
    looking = undefined
    if (moved) {
      budget++
      tries = AGAIN.length
    }
    if (asked) arrange(0)
    else if (tries < AGAIN.length) arrange(AGAIN[tries++]!)
  }

  return {
    ask() {
      tries = 0
      if (asked) return
      asked = true
      arrange(0)
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await looking
    },
  }
}
