import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { ConfigurationError } from '../../../src/index.ts'
import type { AnyRepositories } from '../lookups.ts'

/** What a read of the row with key 1 came to: its name, an absence, or the message of a refusal. */
type Seen = string | undefined | Error

export interface Readers extends AsyncDisposable {
  /** Resolves once every kind of reader has seen it: a name, an absence, or a refusal with such a message. */
  see(expected: string | undefined | RegExp): Promise<void>
  /** Resolves once the process holds the row again. */
  held(): Promise<void>
}

const PATIENCE = 300_000

/**
 * Readers that read one row of `item` again and again: outside requests, in requests of their own, in lists. Once one of them has seen
 * anything else than the old row, nobody may see that again.
 */
export function readersOf(repos: AnyRepositories, { old }: { readonly old?: string }): Readers {
  const ways: Record<string, () => Promise<string | undefined>> = {
    alone: async () => (await repos.item!.findByKey(1))?.name as string | undefined,
    'in a request': () =>
      repos.$request(async () => (await repos.item!.findByKey(1))?.name as string | undefined),
    'among others': async () => (await repos.item!.findByKeys([2, 1]))[1]?.name as string | undefined,
  }
  const last = new Map<string, Seen>()
  let isOver = false
  let isNoticed = false
  let fault: Error | undefined

  async function read(way: string, ask: () => Promise<string | undefined>): Promise<void> {
    while (!isOver) {
      const wasNoticed = isNoticed
      const seen: Seen = await ask().catch((error: Error) => error)
      if (wasNoticed && seen === old) fault ??= new Error(`${way}: the old row came again`)
      // A table that is not there for a moment is an error of the server's.
      const isNews = !(seen instanceof Error) || seen instanceof ConfigurationError
      if (old !== undefined && seen !== old && isNews) isNoticed = true
      last.set(way, seen)
      await setTimeout(1)
    }
  }

  const reading = Object.entries(ways).map(([way, ask]) => read(way, ask))

  async function until(condition: () => boolean, what: string): Promise<void> {
    const deadline = performance.now() + PATIENCE
    while (!condition()) {
      if (fault) throw fault
      if (performance.now() > deadline) {
        assert.fail(`${what} was not seen; last: ${[...last.values()].map(String).join(', ')}`)
      }
      await setTimeout(2)
    }
    if (fault) throw fault
  }

  return {
    see: (expected) =>
      until(
        () =>
          last.size === reading.length &&
          [...last.values()].every((seen) =>
            expected instanceof RegExp
              ? seen instanceof Error && expected.test(seen.message)
              : seen === expected,
          ),
        String(expected),
      ),
    held: () => until(() => repos.item!.peek(1) !== undefined, 'a held row'),
    async [Symbol.asyncDispose]() {
      isOver = true
      await Promise.all(reading)
      if (fault) throw fault
    },
  }
}
