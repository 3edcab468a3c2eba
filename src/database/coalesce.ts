import { setImmediate } from 'node:timers/promises'

/**
 * Lets all who ask before a run begins have its result. Whoever asks later may know of something that the run has not
 * seen, and has the result of the next one, which begins when the one under way has ended.
 *
 * @param work is to wait for the run before it, which never rejects, and within its own time.
 */
export function coalesce<Result>(work: (before: Promise<unknown>) => Promise<Result>): () => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve()
  let waiting: Promise<Result> | undefined
  return () => {
    if (waiting) return waiting
    const begun = last.then(async () => {
      // The end of the event-loop turn: who asks in it asks together.
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
