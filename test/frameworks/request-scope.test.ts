import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import { createClient, PATIENCE, sendPipelined } from '../support/frameworks/client.ts'
import { frameworks, type Routes } from '../support/frameworks/servers.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups, numbered } from '../support/lookups.ts'

const CHUNK = Buffer.alloc(200_000, '.')

for (const [framework, start] of Object.entries(frameworks)) {
  describe(`the request scope of ${framework}`, () => {
    let data: Lookups
    let repos: AnyRepositories

    before(async () => {
      data = await lookups([...COUNTRIES, ...numbered('product', 10)])
    })
    beforeEach(async () => {
      repos = data.repositories()
      await repos.$ready()
    })
    after(() => data[Symbol.asyncDispose]())

    const openScopes = () => repos.$stats().country!.scopes + repos.$stats().product!.scopes
    const selectsDuring = async (work: () => unknown) => (await data.counter.during(work)).Com_select
    /** The response's end reaches the client before the server has seen it. */
    const scopesToEnd = (t: TestContext) => t.waitFor(() => assert.equal(openScopes(), 0), PATIENCE)

    it('asks a key once per request; the next request on the connection asks again', async (t) => {
      await using server = await start(repos, {
        async json() {
          const first = await repos.country!.findByKey('FR')
          await new Promise(setImmediate)
          const again = await repos.country!.findByKey({ alpha3: 'FRA' })
          return { same: first === again, open: openScopes() }
        },
      })
      using client = createClient(server.port)
      for (let request = 0; request < 3; request++) {
        const selects = await selectsDuring(async () => {
          const { status, text } = await client.get('/json')
          assert.deepEqual([status, JSON.parse(text)], [200, { same: true, open: 1 }])
        })
        assert.equal(selects, 1)
        await scopesToEnd(t)
      }
      assert.equal(client.connections, 1)
    })

    it('spans the parsing of a body that arrives in parts', async (t) => {
      await using server = await start(repos, {
        async json(body) {
          const { codes } = body as { codes: string[] }
          for (const code of codes) await repos.country!.findByKey(code)
          for (const code of codes) await repos.country!.findByKey(code)
          return { open: openScopes() }
        },
      })
      using client = createClient(server.port)
      const body = { codes: ['FR', 'DE', 'JP'], padding: 'x'.repeat(500_000) }
      for (let request = 0; request < 2; request++) {
        const selects = await selectsDuring(async () => {
          const { status, text } = await client.post('/json', body)
          assert.deepEqual([status, JSON.parse(text)], [200, { open: 1 }])
        })
        assert.equal(selects, 3)
        await scopesToEnd(t)
      }
    })

    it('keeps concurrent requests apart: each goes on with what it has seen', async (t) => {
      const begun = Promise.withResolvers<void>()
      const changed = Promise.withResolvers<void>()
      let requests = 0
      await using server = await start(repos, {
        async json() {
          const isFirst = requests++ === 0
          const before = await repos.country!.findByKeyOrThrow('JP')
          if (isFirst) begun.resolve()
          await changed.promise
          const after = await repos.country!.findByKeyOrThrow('JP')
          return [before.name, after.name]
        },
      })
      const first = fetch(`${server.url}/json`)
      await begun.promise
      await data.run("update country set name = 'Nippon' where code = 'JP'")
      try {
        const second = fetch(`${server.url}/json`)
        await t.waitFor(() => assert.equal(openScopes(), 2), PATIENCE)
        changed.resolve()
        assert.deepEqual(await (await first).json(), ['Japan', 'Japan'])
        assert.deepEqual(await (await second).json(), ['Nippon', 'Nippon'])
      } finally {
        await data.run("update country set name = 'Japan' where code = 'JP'")
      }
      await scopesToEnd(t)
    })

    it('lets concurrent requests share a statement', async (t) => {
      const all = Promise.withResolvers<void>()
      let requests = 0
      await using server = await start(repos, {
        async json() {
          if (++requests === 20) all.resolve()
          await all.promise
          return await repos.country!.findByKeyOrThrow('CA')
        },
      })
      const selects = await selectsDuring(() =>
        Promise.all(Array.from({ length: 20 }, async () => (await fetch(`${server.url}/json`)).text())),
      )
      assert.equal(selects, 1)
      await scopesToEnd(t)
    })

    it('ends when the handler throws', async (t) => {
      let open = 0
      await using server = await start(repos, {
        async json() {
          await repos.country!.findByKey('FR')
          open = openScopes()
          throw new Error('mine')
        },
      })
      assert.equal((await fetch(`${server.url}/json`)).status, 500)
      assert.equal(open, 1)
      await scopesToEnd(t)
    })

    it('ends when the client leaves; what its handler does after that leaves nothing', async (t) => {
      const held = holding(() => repos.country!.findByKey('FR'))
      await using server = await start(repos, { json: held.handler })
      const leaving = new AbortController()
      const left = assert.rejects(fetch(`${server.url}/json`, { signal: leaving.signal }), {
        name: 'AbortError',
      })
      await held.reached
      assert.equal(openScopes(), 1)
      leaving.abort()
      await left
      await scopesToEnd(t)
      const selects = await selectsDuring(async () => {
        held.goOn(async () => {
          await repos.country!.findByKey('FR') // still remembered
          await repos.product!.findByKey(1) // a table that the request had not touched
          await repos.product!.findByKey(1)
        })
        await held.ended
      })
      assert.equal(selects, 1)
      assert.equal(openScopes(), 0)
    })

    it('ends when the client leaves while an earlier request of its connection is being answered', async (t) => {
      const handlers: ReturnType<typeof holding>[] = []
      await using server = await start(repos, {
        json() {
          const held = holding(() => repos.country!.findByKey('FR'))
          handlers.push(held)
          return held.handler()
        },
      })
      const client = sendPipelined(server.port, ['/json', '/json', '/json'])
      await t.waitFor(() => assert.equal(openScopes(), 3), PATIENCE)
      client.abort()
      await scopesToEnd(t)
      for (const held of handlers) held.goOn()
      await Promise.all(handlers.map((held) => held.ended))
    })

    it('ends at once for a client that left before it was opened', async () => {
      const left = Promise.withResolvers<void>()
      const handled = Promise.withResolvers<void>()
      await using server = await start(repos, {
        async before(response) {
          left.resolve()
          await once(response, 'close')
        },
        async json() {
          await repos.country!.findByKey('FR')
          handled.resolve()
          return {}
        },
      })
      const client = sendPipelined(server.port, ['/json'])
      await left.promise
      client.abort()
      await handled.promise
      assert.equal(openScopes(), 0)
    })

    it('spans a streamed response, even when the client reads slowly', async (t) => {
      const open: number[] = []
      await using server = await start(repos, {
        async *stream() {
          for (let chunk = 0; chunk < 60; chunk++) {
            await repos.country!.findByKey('FR')
            open.push(openScopes())
            yield CHUNK
          }
        },
      })
      let size = 0
      const selects = await selectsDuring(async () => {
        const { body } = await fetch(`${server.url}/stream`)
        for await (const part of body!) {
          size += part.byteLength
          await new Promise(setImmediate)
        }
      })
      assert.deepEqual({ size, selects }, { size: 60 * CHUNK.byteLength, selects: 1 })
      assert.deepEqual(new Set(open), new Set([1]))
      await scopesToEnd(t)
    })

    it('ends when the client leaves in the middle of a stream', async (t) => {
      await using server = await start(repos, { stream: () => endless(repos) })
      const leaving = new AbortController()
      const { body } = await fetch(`${server.url}/stream`, { signal: leaving.signal })
      await body!.getReader().read()
      assert.equal(openScopes(), 1)
      leaving.abort()
      await scopesToEnd(t)
    })
  })
}

/** A handler that stops until it is told to go on. */
function holding(read: () => Promise<unknown>) {
  const reached = Promise.withResolvers<void>()
  const going = Promise.withResolvers<(() => Promise<unknown>) | undefined>()
  const ended = Promise.withResolvers<void>()
  return {
    reached: reached.promise,
    ended: ended.promise,
    goOn: (more?: () => Promise<unknown>) => going.resolve(more),
    async handler() {
      await read()
      reached.resolve()
      const more = await going.promise
      await more?.()
      ended.resolve()
      return {}
    },
  } satisfies { readonly handler: Routes['json']; [name: string]: unknown }
}

async function* endless(repos: AnyRepositories): AsyncGenerator<Uint8Array> {
  for (;;) {
    await repos.country!.findByKey('FR')
    yield CHUNK
  }
}
