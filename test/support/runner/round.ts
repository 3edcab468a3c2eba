import { finished } from 'node:stream/promises'
import { spec } from 'node:test/reporters'
import { type FileRun, type Outcome, startFile, type TestFilters } from './file-run.ts'
import type { Lane } from './lanes.ts'

export interface RoundOptions {
  /** Servers that are the same, each for one file at a time. */
  readonly urls: readonly string[]
  /** In the order in which they are printed. */
  readonly files: readonly string[]
  /** Files that must have the machine for themselves. They come last. */
  readonly alone: readonly string[]
  readonly filters: TestFilters
}

/** How long a file has taken. */
export interface FileTime {
  readonly file: string
  readonly seconds: number
}

export interface RoundResult {
  readonly passed: number
  readonly failed: number
  readonly times: readonly FileTime[]
}

/** A run of test files on one kind of server. */
export interface Round {
  /** For the files that may have neighbours, one lane for each server. */
  readonly lanes: readonly Lane[]
  runAlone(): Promise<void>
  /** Prints what the files say, one after the other, as far as they have run; resolves after the last one. */
  print(): Promise<RoundResult>
}

export function createRound({ urls, files, alone, filters }: RoundOptions): Round {
  const plan = [...files, ...alone].map((file) => ({ file, run: Promise.withResolvers<FileRun>() }))
  const together = plan.slice(0, files.length)

  async function start({ file, run }: (typeof plan)[number], serverUrl: string): Promise<void> {
    const started = startFile({ file, serverUrl, filters })
    run.resolve(started)
    await started.ended
  }

  return {
    lanes: urls.map((url) => ({
      left: () => together.length / urls.length,
      runNext: () => start(together.shift()!, url),
    })),
    async runAlone() {
      for (const planned of plan.slice(files.length)) await start(planned, urls[0]!)
    },
    async print() {
      const reporter = new spec()
      reporter.pipe(process.stdout, { end: false })
      const outcomes: Outcome[] = []
      for (const { run } of plan) {
        const { events, ended } = await run.promise
        for await (const event of events) reporter.write(event)
        outcomes.push(await ended)
      }
      reporter.end()
      await finished(reporter)
      return {
        passed: sum(outcomes.map(({ passed }) => passed)),
        failed: sum(outcomes.map(({ failed }) => failed)),
        times: outcomes.map(({ seconds }, index) => ({ file: plan[index]!.file, seconds })),
      }
    },
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
