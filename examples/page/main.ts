import { createRepositories } from 'kysely-lookup'
import { db as plainDb, repos as plainRepos } from '../comparison/plain-db.ts'
import { db, repos } from '../service/db.ts'
import { tables } from '../service/schema.ts'
import { createService } from '../service/service.ts'
import { createEndpoint } from './graphql/endpoint.ts'
import { collectLayerEvents } from './layer-events.ts'
import { createLive } from './live.ts'
import { createPage } from './page.ts'
import { openRowChanger } from './row-change.ts'
import type { TableDescription, Welcome } from './sample.ts'
import { startSampler } from './sampler.ts'
import { createTraffic } from './traffic.ts'

// The example service and the page in one process. The page shows the counters of the service's own repositories.
const {
  DATABASE_URL = '',
  SERVER_DESCRIPTION = '',
  HOST: host = '127.0.0.1',
  PORT,
  SERVICE_PORT,
} = process.env

await repos.$ready()
const service = createService()
const serviceUrl = await service.listen({ host: '127.0.0.1', port: Number(SERVICE_PORT ?? 0) })

const shown: TableDescription[] = [
  { name: 'city', mode: 'immutable' },
  { name: 'country', mode: 'versioned' },
  { name: 'currency', mode: 'versioned' },
  { name: 'language', mode: 'versioned' },
  { name: 'time_zone', mode: 'versioned' },
  { name: 'country_currency', mode: 'versioned' },
  { name: 'country_language', mode: 'versioned' },
]
const live = createLive()
const traffic = createTraffic({ serviceUrl, changed: (state) => live.send('traffic', state) })
const sampler = startSampler({
  stats: () => repos.$stats(),
  names: shown.map(({ name }) => name),
  events: collectLayerEvents(),
  requests: () => traffic.answered,
  sampled: (sample) => live.send('sample', sample),
})
const changer = await openRowChanger({
  databaseUrl: DATABASE_URL,
  watched: {
    async valueOf(table, key, column) {
      const row = await repos.$table(table as 'country').findByKeyOrThrow(key)
      return row[column as 'name']
    },
    rowsHeld: (table) => repos.$stats()[table as 'country'].rowsHeld,
  },
})
// The same without a process-wide cache: only the request remembers.
const requestRepos = createRepositories({ db, tables })
await requestRepos.$ready()
const endpoint = createEndpoint({
  lookups: {
    plain: () => plainRepos,
    request: () => requestRepos.$forRequest(),
    process: () => repos.$forRequest(),
  },
  alone: (work) => traffic.pausedFor(work),
  measured: (cost) => live.send('query', cost),
})
const welcome = (): Welcome => ({
  server: SERVER_DESCRIPTION,
  serviceUrl,
  tables: shown,
  changes: changer.descriptions,
  samples: sampler.samples,
  traffic: traffic.state,
})

const page = await createPage({ host, live, welcome, traffic, changer, endpoint })
const url = await page.listen({ host, port: Number(PORT ?? 0) })
console.log(`listening on ${url}`)
console.log(`the service listens on ${serviceUrl}`)

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    if (stopping) return
    stopping = true
    sampler.stop()
    await traffic.stop()
    await page.close()
    await changer[Symbol.asyncDispose]()
    await service.close()
    await Promise.all([requestRepos.$close(), repos.$close()])
    await Promise.all([plainDb.destroy(), db.destroy()])
  })
}
