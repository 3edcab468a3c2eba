import { LookupTimeoutError } from '../errors.ts'

/** Something that somebody waits for. */
interface Awaited {
  /** When (ms, of `performance.now`) its time is over. */
  readonly due: number
  /** Whether nobody waits for it any more. */
  isDone(): boolean
  reject(error: LookupTimeoutError): void
}

/** Rejects what is not done in time; all of it has the same time. */
export interface TimeLimit<Item extends Awaited> {
  /** When what begins now is due. */
  due(): number
  begin(item: Item): void
  /** To be called once for each item that is done in time. */
  done(): void
}

/** How many items that are done are kept at least until the others are gathered. */
const SLACK = 64

/**
 * The items are a list that is made anew: of a Set, the engine links each table that it has outgrown to the next one,
 * so that a table which has become old keeps alive whatever came after it.
 */
export function createTimeLimit<Item extends Awaited>(options: {
  readonly what: string
  readonly timeout: number
}): TimeLimit<Item> {
  const { what, timeout } = options
  // In the order begun, which is the order in which they are due.
  let begun: Item[] = []
  let open = 0
  let timer: NodeJS.Timeout | undefined

  function expire(): void {
    const now = performance.now()
    const error = new LookupTimeoutError(what, timeout)
    timer = undefined
    const late = begun.filter((item) => !item.isDone() && item.due <= now)
    begun = begun.filter((item) => !item.isDone() && item.due > now)
    open = begun.length
    if (begun[0]) timer = setTimeout(expire, begun[0].due - now)
    for (const item of late) item.reject(error)
  }

  return {
    due: () => performance.now() + timeout,
    begin(item) {
      if (begun.length > 2 * open + SLACK) begun = begun.filter((one) => !one.isDone())
      begun.push(item)
      open++
      timer ??= setTimeout(expire, timeout)
    },
    done() {
      if (--open > 0) return
      begun = []
      clearTimeout(timer)
      timer = undefined
    },
  }
}
