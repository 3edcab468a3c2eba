/** What a poll of the versions costs the server: one statement per process and interval. */
import { sql } from 'kysely'
import { createDatabase } from '../src/index.ts'
import { createVersionTable, trackVersion } from '../src/migration/index.ts'
import type { ProcessCache } from '../src/process-cache.ts'
import { createVersionWatch, VERSION_DEFAULTS } from '../src/version-watch.ts'
import { compareInterleaved } from './interleaved.ts'
import type { BenchServer } from './servers.ts'

export interface PollCost {
  readonly server: string
  readonly tables: number
  /** Median microseconds of `select 1`, and of a poll. */
  readonly nothing: number
  readonly poll: number
  readonly ratio: number
}

export async function measurePollCost(server: BenchServer): Promise<PollCost[]> {
  const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: server.url })
  await createVersionTable(db)
  const results: PollCost[] = []
  const tables = new Map<string, ProcessCache>()
  for (const count of [1, 20]) {
    for (let index = tables.size; index < count; index++) {
      const name = `polled_${index}`
      await sql`create table ${sql.ref(name)} (id int not null primary key)`.execute(db)
      await trackVersion(db, name)
      tables.set(name, { mode: 'versioned', observe() {}, drop() {} } as unknown as ProcessCache)
    }
    const watch = createVersionWatch({ db: db as never, tables, settings: VERSION_DEFAULTS })
    const { median, ratio } = await compareInterleaved(
      { nothing: () => sql`select 1`.execute(db), poll: () => watch.poll() },
      { rounds: 400, warmup: 20 },
    )
    await watch.stop()
    results.push({
      server: server.name,
      tables: count,
      nothing: median.nothing!,
      poll: median.poll!,
      ratio: ratio.poll!,
    })
  }
  await db.destroy()
  return results
}
