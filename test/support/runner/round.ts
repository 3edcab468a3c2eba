import { finished } from 'node:stream/promises'
import { spec } from 'node:test/reporters'
import { type Counts, type FileRun, startFile, type TestFilters } from './file-run.ts'
import type { Slots } from './slots.ts'

export interface RoundOptions {
  /** Servers that are the same, each for one file at a time. */
  readonly urls: readonly string[]
  /** In the order in which they are printed. */
  readonly files: readonly string[]
  /** Files that must have the machine for themselves. They come last. */
  readonly alone: readonly string[]
  readonly filters: TestFilters
}

/** A run of test files on one kind of server. */
export interface Round {
  /** Runs the files that may have neighbours. */
  runTogether(slots: Slots): Promise<void>
  runAlone(): Promise<void>
  /** Prints what the files say, one after the other, as far as they have run; resolves after the last one. */
  print(): Promise<Counts>
}

export function createRound({ urls, files, alone, filters }: RoundOptions): Round {
  const plan = [...files, ...alone].map((file) => ({ file, run: Promise.withResolvers<FileRun>() }))
  const together = plan.slice(0, files.length)

  async function start({ file, run }: (typeof plan)[number], serverUrl: string): Promise<void> {
    const started = startFile({ file, serverUrl, filters })
    run.resolve(started)
    await started.ended
  }

  async function runOn(url: string, slots: Slots): Promise<void> {
    while (together.length > 0) {
      await slots.with(async () => {
        const next = together.shift()
        if (next) await start(next, url)
      })
    }
  }

  return {
    async runTogether(slots) {
      await Promise.all(urls.map((url) => runOn(url, slots)))
    },
    async runAlone() {
      for (const planned of plan.slice(files.length)) await start(planned, urls[0]!)
    },
    async print() {
      const reporter = new spec()
      reporter.pipe(process.stdout, { end: false })
      let passed = 0
      let failed = 0
      for (const { run } of plan) {
        const { events, ended } = await run.promise
        for await (const event of events) reporter.write(event)
        const counts = await ended
        passed += counts.passed
        failed += counts.failed
      }
      reporter.end()
      await finished(reporter)
      return { passed, failed }
    },
  }
}
