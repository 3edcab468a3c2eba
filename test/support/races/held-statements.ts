import { type Connection, createPool } from 'mysql2'
import { driverDecodingSettings } from '../../../src/columns/decoding-options.ts'
import type { DatabaseOptions } from '../../../src/index.ts'
import { closedAfterFile } from '../closing.ts'

type Callback = (error: unknown, ...results: unknown[]) => void

/** One statement, the next that matches, which goes on when the test says so. */
export interface HeldStatement {
  /** Resolves when the statement waits: before it is sent, or when the server has answered it. */
  readonly waiting: Promise<void>
  /** Lets it go on; with an error, its caller gets that instead of the answer. */
  release(error?: Error): void
}

export interface HoldingPool extends AsyncDisposable {
  /** For `createDatabase`, which ends the pool. */
  readonly options: Pick<DatabaseOptions, 'pool' | 'lookupConnections'>
  /** Holds the next statement with this text: its sending, or by default the answer that the server has given. */
  hold(text: RegExp, at?: 'sending' | 'answer'): HeldStatement
}

interface Hold extends HeldStatement {
  readonly text: RegExp
  readonly at: 'sending' | 'answer'
  readonly released: Promise<Error | undefined>
  readonly reached: () => void
}

/** A pool whose statements a test can stop on their way, one by one, so that a race always ends the same way. */
export function createHoldingPool(url: string): HoldingPool {
  const pool = createPool({
    uri: url,
    timezone: 'Z',
    charset: 'utf8mb4',
    ...driverDecodingSettings({}),
  })
  const holds: Hold[] = []

  /** Calls the driver's `query` or `execute`, whose last argument is what takes the answer. */
  function pass(call: (...given: unknown[]) => unknown, given: unknown[]): unknown {
    const text = typeof given[0] === 'string' ? given[0] : (given[0] as { sql: string }).sql
    const answer = given.at(-1) as Callback
    const held = take(holds, text)
    if (!held) return call(...given)
    if (held.at === 'answer') {
      return call(...given.slice(0, -1), (...results: [unknown]) => {
        held.reached()
        void held.released.then((error) => (error ? answer(error) : answer(...results)))
      })
    }
    held.reached()
    void held.released.then((error) => (error ? answer(error) : call(...given.slice(0, -1), answer)))
    return { on() {} }
  }

  function watch(connection: Connection): void {
    for (const name of ['query', 'execute'] as const) {
      const call = connection[name].bind(connection) as (...given: unknown[]) => unknown
      const watched = (...given: unknown[]) =>
        typeof given.at(-1) === 'function' ? pass(call, given) : call(...given)
      Object.assign(connection, { [name]: watched })
    }
  }
  pool.on('connection', watch)

  return closedAfterFile({
    options: { pool, lookupConnections: { count: 4, onConnect: watch } },
    hold(text, at = 'answer') {
      const waiting = Promise.withResolvers<void>()
      const release = Promise.withResolvers<Error | undefined>()
      const held: Hold = {
        text,
        at,
        waiting: waiting.promise,
        reached: waiting.resolve,
        released: release.promise,
        release: (error) => release.resolve(error),
      }
      holds.push(held)
      return held
    },
    async [Symbol.asyncDispose]() {
      pool[Symbol.dispose]()
    },
  })
}

function take(list: Hold[], text: string): Hold | undefined {
  const index = list.findIndex((one) => one.text.test(text))
  return index < 0 ? undefined : list.splice(index, 1)[0]
}
