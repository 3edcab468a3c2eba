import { setImmediate } from 'node:timers/promises'

/**
 * Callers that ask before a run begins share its result. Later ones may know of something that the run has not seen: they
 * get the result of the next run, which begins when the one under way has ended.
 *
 * @param work waits for the run before it, which never rejects, and keeps to its own time limit.
 */
export function coalesce<Result>(work: (before: Promise<unknown>) => Promise<Result>): () => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  let waiting: Promise<Result> | undefined
  return () => {
    if (waiting) return waiting
    const begun = last.then(async () => {
      // The end of the event-loop turn: all callers of one turn ask together.
      await setImmediate()
      // Another one may wait by now, where this one has run out of time.
      if (waiting === run) waiting = undefined
    })
    const run = work(begun)
    waiting = run
    last = run.then(
      () => {},
      () => {
        if (waiting === run) waiting = undefined
      },
    )
    return run
  }
}
