import { createRepositories } from 'kysely-lookup'
import { createLookupPage } from 'kysely-lookup/page'
import { db as plainDb, repos as plainRepos } from '../comparison/plain-db.ts'
import { db, repos } from '../service/db.ts'
import { tables } from '../service/schema.ts'
import { createService } from '../service/service.ts'
import { createEndpoint } from './graphql/endpoint.ts'
import { createLive } from './live.ts'
import type { Welcome } from './live-events.ts'
import { createPage } from './page.ts'
import { openRowChanger } from './row-change.ts'
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

const live = createLive()
const traffic = createTraffic({ serviceUrl, changed: (state) => live.send('traffic', state) })
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
  changes: changer.descriptions,
  traffic: traffic.state,
})

// The guard of the page keeps out whoever else this one is not for.
const lookups = createLookupPage({ repos, authorize: () => true })
const page = await createPage({ host, lookups, live, welcome, traffic, changer, endpoint })
const url = await page.listen({ host, port: Number(PORT ?? 0) })
console.log(`listening on ${url}`)
console.log(`the service listens on ${serviceUrl}`)

let stopping = false
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    if (stopping) return
    stopping = true
    await traffic.stop()
    await page.close()
    await changer[Symbol.asyncDispose]()
    await service.close()
    await Promise.all([requestRepos.$close(), repos.$close()])
    await Promise.all([plainDb.destroy(), db.destroy()])
  })
}
