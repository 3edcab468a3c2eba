import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { PATIENCE } from '../support/frameworks/client.ts'
import { withContext, withFramework } from '../support/frameworks/graphql-servers.ts'
import type { FrameworkServer } from '../support/frameworks/servers.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

const CITIES = [
  `create table city (
    id int unsigned not null primary key,
    name varchar(50) character set utf8mb4 not null,
    country_code char(2) character set utf8mb4 collate utf8mb4_general_ci not null,
    key city_country (country_code)
  )`,
  `insert into city values (1, 'Paris', 'FR'), (2, 'Lyon', 'FR'), (3, 'Berlin', 'DE'), (4, 'Köln', 'DE'),
    (5, 'Tokyo', 'JP'), (6, 'Osaka', 'JP'), (7, 'Chicago', 'US'), (8, 'Boston', 'US'), (9, 'Ottawa', 'CA')`,
]

const NESTED = `{ cities(ids: [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
  name country { name cities { name country { name } } }
} }`

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

interface Reply {
  readonly data: Record<string, unknown> | null
  readonly errors?: readonly { readonly message: string }[]
}

async function ask(server: FrameworkServer, query: string, signal?: AbortSignal): Promise<Reply> {
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
    ...(signal && { signal }),
  })
  return (await response.json()) as Reply
}

describe('GraphQL', () => {
  let data: Lookups
  let repos: AnyRepositories

  before(async () => {
    data = await lookups([...COUNTRIES, ...CITIES])
  })
  beforeEach(async () => {
    repos = data.repositories()
    await repos.$ready()
  })
  after(() => data[Symbol.asyncDispose]())

  const openScopes = () => repos.$stats().country!.scopes + repos.$stats().city!.scopes
  const selectsDuring = async (work: () => unknown) => (await data.counter.during(work)).Com_select
  const rename = (name: string) => data.run(`update country set name = '${name}' where code = 'JP'`)
  /** A scope in a context ends with its last user. */
  const scopesToBeCollected = (t: TestContext) =>
    t.waitFor(() => {
      collectGarbage()
      assert.equal(openScopes(), 0)
    }, PATIENCE)

  for (const [name, start] of Object.entries({ ...withContext, ...withFramework })) {
    it(`${name} answers a nested query with one statement per level`, async () => {
      await using server = await start({ repos })
      for (let request = 0; request < 2; request++) {
        const selects = await selectsDuring(async () => {
          const { data: answer, errors } = await ask(server, NESTED)
          assert.equal(errors, undefined)
          assert.deepEqual((answer!.cities as unknown[])[8], {
            name: 'Ottawa',
            country: { name: 'Canada', cities: [{ name: 'Ottawa', country: { name: 'Canada' } }] },
          })
        })
        assert.equal(
          selects,
          3,
          'the cities, their countries, the cities of those; nothing for the last level',
        )
      }
    })

    it(`${name} keeps what requests remember apart, and leaves no scope open`, async (t) => {
      const reached = Promise.withResolvers<void>()
      const left = Promise.withResolvers<void>()
      const hold = () => {
        reached.resolve()
        return left.promise
      }
      await using server = await start({ repos, hold })
      const nameOfJapan = async () => (await ask(server, '{ country(code: "JP") { name } }')).data?.country
      assert.deepEqual(await nameOfJapan(), { name: 'Japan' })
      await rename('Nippon')
      try {
        assert.deepEqual(await nameOfJapan(), { name: 'Nippon' })
      } finally {
        await rename('Japan')
      }
      const failed = await ask(server, '{ country(code: "XX") { name } }')
      assert.match(failed.errors![0]!.message, /country: no row for the given code/)
      const leave = new AbortController()
      const leaving = ask(server, '{ held { name } }', leave.signal)
      await reached.promise
      assert.ok(openScopes() > 0)
      leave.abort()
      await assert.rejects(leaving, { name: 'AbortError' })
      left.resolve()
      await scopesToBeCollected(t)
    })
  }

  it('a subscription reads each event in a scope of its own', async (t) => {
    const renamed = Promise.withResolvers<void>()
    async function* codes() {
      yield 'JP'
      await renamed.promise
      yield 'JP'
    }
    await using server = await withContext['GraphQL Yoga']!({ repos, renamed: codes })
    const query = 'subscription { renamed { name cities { country { name } } } }'
    const { body } = await fetch(`${server.url}/graphql?query=${encodeURIComponent(query)}`, {
      headers: { accept: 'text/event-stream' },
    })
    const names: string[][] = []
    try {
      for await (const text of body!.pipeThrough(new TextDecoderStream())) {
        if (!text.includes('event: next')) continue
        names.push([...text.matchAll(/"name":"(\w+)"/g)].map(([, name]) => name!))
        if (names.length > 1) continue
        await rename('Nippon')
        renamed.resolve()
      }
    } finally {
      renamed.resolve()
      await rename('Japan')
    }
    assert.deepEqual(names, [Array(3).fill('Japan'), Array(3).fill('Nippon')])
    await scopesToBeCollected(t)
  })
})
