import { SingleBar } from 'cli-progress'

/** What a person sees of a load: a bar on a terminal, plain lines in a log. */
export interface LoadProgress {
  advance(rows: number): void
  /** Ends it, with a line of its own after a success. */
  stop(line?: string): void
}

/** Starts to show the progress of loading `rows` rows into `table`. */
export function showLoadProgress({ table, rows }: { table: string; rows: number }): LoadProgress {
  if (!process.stdout.isTTY || process.env.CI) {
    console.log(`${table}: loading ${rows} rows`)
    return {
      advance() {},
      stop: (line) => {
        if (line !== undefined) console.log(line)
      },
    }
  }
  const bar = new SingleBar({
    stream: process.stdout,
    format: `${table.padEnd(16)} {bar} {percentage} % of {total} rows`,
    clearOnComplete: true,
    hideCursor: true,
  })
  bar.start(rows, 0)
  return {
    advance: (count) => bar.increment(count),
    stop: (line) => {
      bar.stop()
      if (line !== undefined) console.log(line)
    },
  }
}
