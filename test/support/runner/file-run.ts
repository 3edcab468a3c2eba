import type { EventData } from 'node:test'
import { run } from 'node:test'

/** What `node:test` tells a reporter. */
export interface TestEvent {
  readonly type: string
  readonly data: unknown
}

export interface Outcome {
  readonly passed: number
  readonly failed: number
  /** How long the process has run. */
  readonly seconds: number
}

/** One test file in a process of its own, on one server. */
export interface FileRun {
  /** For a reporter, without what is said of the run as a whole. They are kept until they are read. */
  readonly events: AsyncIterable<TestEvent>
  /** Resolves when the process has ended. */
  readonly ended: Promise<Outcome>
}

/** The flags of the command line that choose among the tests of a file. */
export interface TestFilters {
  readonly only: boolean
  readonly namePatterns: readonly string[]
  readonly skipPatterns: readonly string[]
}

const CLOSING = new URL('../closing.ts', import.meta.url).href

export function startFile(options: {
  readonly file: string
  readonly serverUrl: string
  readonly filters: TestFilters
}): FileRun {
  const { file, serverUrl, filters } = options
  const began = performance.now()
  const stream = run({
    files: [file],
    isolation: 'process',
    // On a machine that is several times slower it still ends a hang, and nothing else.
    timeout: 1_800_000,
    env: { ...process.env, TEST_SERVER_URL: serverUrl },
    execArgv: ['--import', CLOSING],
    only: filters.only,
    testNamePatterns: [...filters.namePatterns],
    testSkipPatterns: [...filters.skipPatterns],
  })
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>()
  stream.on('test:summary', (summary) => {
    // The process's own summary comes first, that of the run last.
    if (summary.file !== undefined) return
    resolve({ ...countsOf(summary), seconds: (performance.now() - began) / 1000 })
  })
  return { events: ofTests(stream), ended }
}

function countsOf({ counts, success }: EventData.TestSummary) {
  const { tests, passed, skipped, todo } = counts
  const failed = tests - passed - skipped - todo // a cancelled test is a failed one
  return { passed, failed: success ? failed : Math.max(1, failed) }
}

async function* ofTests(events: AsyncIterable<TestEvent>): AsyncGenerator<TestEvent> {
  for await (const event of events) {
    if (Reflect.get(event.data as object, 'file') !== undefined) yield event
  }
}
