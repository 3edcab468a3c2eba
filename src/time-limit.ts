import { LookupTimeoutError } from './errors.ts'

/** Something that somebody waits for. */
interface Awaited {
  /** When (ms, of `performance.now`) its time is over. */
  readonly due: number
  reject(error: LookupTimeoutError): void
}

/** Rejects what is not done in time; all of it has the same time. */
export interface TimeLimit<Item extends Awaited> {
  /** When what begins now is due. */
  due(): number
  begin(item: Item): void
  done(item: Item): void
}

export function createTimeLimit<Item extends Awaited>(options: {
  readonly what: string
  readonly timeout: number
}): TimeLimit<Item> {
  const { what, timeout } = options
  // In the order begun, which is the order in which they are due.
  const open = new Set<Item>()
  let timer: NodeJS.Timeout | undefined

  function expire(): void {
    const now = performance.now()
    const error = new LookupTimeoutError(what, timeout)
    timer = undefined
    for (const item of open) {
      if (item.due > now) {
        timer = setTimeout(expire, item.due - now)
        return
      }
      open.delete(item)
      item.reject(error)
    }
  }

  return {
    due: () => performance.now() + timeout,
    begin(item) {
      open.add(item)
      timer ??= setTimeout(expire, timeout)
    },
    done(item) {
      open.delete(item)
      if (open.size > 0) return
      clearTimeout(timer)
      timer = undefined
    },
  }
}
