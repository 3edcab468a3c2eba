/** What a poll of the versions costs the server: one statement per process and interval. */
import { sql } from 'kysely'
import type { FollowedCache } from '../../src/cache/process-cache.ts'
import { createDatabase } from '../../src/index.ts'
import { trackVersion } from '../../src/migration/index.ts'
import { createVersionWatch, VERSION_DEFAULTS } from '../../src/versions/version-watch.ts'
import { type BenchContext, onEachServer } from '../context.ts'
import { type Figure, inProcessFigures } from '../figure.ts'
import { compareInterleaved } from '../interleaved.ts'
import type { BenchServer } from '../servers.ts'

export const poll = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

async function measureOn(server: BenchServer, quick: boolean): Promise<Figure[]> {
  const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: server.url })
  const figures: Figure[] = []
  const tables = new Map<string, FollowedCache>()
  for (const count of [1, 20]) {
    for (let index = tables.size; index < count; index++) {
      const name = `polled_${index}`
      await sql`create table ${sql.ref(name)} (id int not null primary key)`.execute(db)
      await trackVersion(db, name)
      tables.set(name, {
        mode: 'versioned',
        observe() {},
        trust() {},
        distrust() {},
        drop() {},
      } as unknown as FollowedCache)
    }
    const watch = createVersionWatch({ db: db as never, tables, settings: VERSION_DEFAULTS })
    await watch.start()
    const comparison = await compareInterleaved(
      { 'select 1': () => sql`select 1`.execute(db), poll: () => watch.look() },
      { rounds: quick ? 50 : 200, warmup: 20 },
    )
    await watch.stop()
    const what = `${count} tables`
    figures.push(...inProcessFigures({ case: 'poll', server: server.name, what, unit: 'µs' }, comparison))
  }
  await db.destroy()
  return figures
}
