/**
 * Lists the files of `src` that a miss in a request runs through, from `findByKey` to the row, by the engine's own
 * count of calls.
 *
 *     npm run way                    a table that is remembered per request
 *     npm run way -- versioned       one that the process shares
 */
import { Session } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'
import { lookups, numbered } from './lookups.ts'

const sources = new URL('../../src/', import.meta.url).href

/** By file, the functions that ran and how often. */
export type Visits = ReadonlyMap<string, ReadonlyMap<string, number>>

/** What the second and later misses of a table run through; the first one connects and verifies. */
export async function visitsOfMiss(mode?: 'immutable' | 'versioned'): Promise<Visits> {
  await using data = await lookups(numbered('item', 100))
  if (mode === 'versioned') {
    await data.track('item')
  }
  const repos = data.repositories(mode ? { cache: { item: mode } } : {})
  const item = repos.item!
  for (const key of [1, 2]) await repos.$request(() => item.findByKey(key))
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  const visits = await repos.$request(async () => {
    // What came before is not counted, what `$request` does with the promise included.
    await null
    await session.post('Profiler.takePreciseCoverage')
    await item.findByKey(50)
    return (await session.post('Profiler.takePreciseCoverage')).result
  })
  session.disconnect()
  await repos.$close()
  return new Map(
    visits.flatMap(({ url, functions }) => {
      const ran = functions.flatMap(({ functionName, ranges }) => {
        const calls = ranges[0]?.count ?? 0
        return calls > 0 ? [[functionName || '(anonymous)', calls] as const] : []
      })
      return url.startsWith(sources) && ran.length > 0
        ? [[url.slice(sources.length), new Map(ran)] as const]
        : []
    }),
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , mode] = process.argv as (string | undefined)[]
  const visits = await visitsOfMiss(mode as 'immutable' | 'versioned' | undefined)
  for (const [file, functions] of visits) console.log(`${file}: ${[...functions.keys()].join(' ')}`)
  console.log(`${visits.size} files`)
}
