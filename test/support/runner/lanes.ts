/** What runs one file after the other, because it has one server. */
export interface Lane {
  /** How many files it has left, of those that it alone can run. */
  left(): number
  /** Starts the next one, and resolves when it has ended. */
  runNext(): Promise<void>
}

/**
 * Runs the files of all lanes, `count` at a time. The lane with the most left comes first: none should be the last one,
 * with the rest of the machine idle.
 */
export async function runLanes(lanes: readonly Lane[], count: number): Promise<void> {
  const busy = new Map<Lane, Promise<unknown>>()
  for (;;) {
    const [next] = lanes
      .filter((lane) => !busy.has(lane) && lane.left() > 0)
      .sort((one, other) => other.left() - one.left())
    if (next && busy.size < count) {
      busy.set(
        next,
        next.runNext().finally(() => busy.delete(next)),
      )
    } else if (busy.size > 0) await Promise.race(busy.values())
    else return
  }
}
