import assert from 'node:assert/strict'
import { AsyncResource } from 'node:async_hooks'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, describe, it } from 'node:test'
import { serve } from '@hono/node-server'
import express, { type RequestHandler } from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { requestScope as forExpress } from '../../src/frameworks/express.ts'
import { requestScope as forFastify } from '../../src/frameworks/fastify.ts'
import { requestScope as forHono } from '../../src/frameworks/hono.ts'
import { ConfigurationError } from '../../src/index.ts'
import { createClient, PATIENCE } from '../support/frameworks/client.ts'
import { running } from '../support/frameworks/servers.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

/** What docs/frameworks.md says of where a scope reaches and where it does not. */
describe('the context of a request scope', () => {
  let data: Lookups
  let repos: AnyRepositories

  before(async () => {
    data = await lookups(COUNTRIES)
  })
  beforeEach(async () => {
    repos = data.repositories()
    await repos.$ready()
  })
  after(() => data[Symbol.asyncDispose]())

  const openScopes = () => repos.$stats().country!.scopes
  const selectsDuring = async (work: () => unknown) => (await data.counter.during(work)).Com_select

  async function readThrice(): Promise<string> {
    for (let read = 0; read < 3; read++) await repos.country!.findByKey('FR')
    return 'read'
  }

  const LARGE = { text: 'x'.repeat(300_000) }

  async function listening(server: Server) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return running(server)
  }

  const routes: readonly {
    readonly how: string
    readonly handler: RequestHandler
    readonly selects: number
  }[] = [
    {
      how: 'is kept by an iteration over the request',
      selects: 1,
      async handler(request, response) {
        await text(request)
        response.send(await readThrice())
      },
    },
    {
      how: "is lost in listeners of the request's own events",
      selects: 3,
      handler(request, response) {
        request.resume().on('end', async () => response.send(await readThrice()))
      },
    },
  ]
  for (const { how, handler, selects } of routes) {
    it(`${how} (Express)`, async () => {
      await using server = await listening(createServer(express().use(forExpress(repos)).post('/', handler)))
      using client = createClient(server.port)
      const counted = await selectsDuring(async () =>
        assert.equal((await client.post('/', LARGE)).text, 'read'),
      )
      assert.equal(counted, selects)
    })
  }

  it('is lost behind a middleware that goes on in such a listener, and kept by requestScope behind it (Express)', async () => {
    const upload: RequestHandler = (request, _response, next) => void request.resume().on('end', () => next())
    const read: RequestHandler = async (_request, response) => void response.send(await readThrice())
    const app = express().post('/lost', forExpress(repos), upload, read)
    app.post('/kept', upload, forExpress(repos), read)
    await using server = await listening(createServer(app))
    using client = createClient(server.port)
    assert.equal(await selectsDuring(() => client.post('/lost', LARGE)), 3)
    assert.equal(await selectsDuring(() => client.post('/kept', LARGE)), 1)
  })

  it('is lost in a custom parser and back in the handler behind it (Fastify)', async () => {
    await using app = fastify()
    app.register(forFastify, { repos })
    app.addContentTypeParser('text/plain', (_request, payload, done) => {
      payload.resume().on('end', () => readThrice().then((body) => done(null, body), done))
    })
    app.post('/', () => readThrice())
    await app.listen({ host: '127.0.0.1', port: 0 })
    const selects = await selectsDuring(async () => {
      const response = await fetch(app.listeningOrigin, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: LARGE.text,
      })
      assert.equal(await response.text(), 'read')
    })
    assert.equal(selects, 3 + 1)
  })

  it('is kept by a bound pull, where a slow client would lose it (Hono)', async (t) => {
    const CHUNKS = 60
    const app = new Hono().use(forHono(repos))
    const body = (bind: (pull: Pull) => Pull) => {
      let chunks = 0
      const pull = bind(async (controller) => {
        await repos.country!.findByKey('FR')
        controller.enqueue(new Uint8Array(200_000))
        if (++chunks === CHUNKS) controller.close()
      })
      return new ReadableStream({ pull }, { highWaterMark: 0 })
    }
    app.get('/unbound', (context) => context.body(body((pull) => pull)))
    app.get('/bound', (context) => context.body(body((pull) => AsyncResource.bind(pull))))
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
    await once(server, 'listening')
    await using started = running(server)
    const selectsOf = (path: string) =>
      selectsDuring(async () => {
        const response = await fetch(`${started.url}/${path}`)
        let size = 0
        for await (const part of response.body!) {
          size += part.byteLength
          await new Promise(setImmediate)
        }
        assert.equal(size, CHUNKS * 200_000)
      })
    assert.ok((await selectsOf('unbound')) > 1)
    assert.equal(await selectsOf('bound'), 1)
    await t.waitFor(() => assert.equal(openScopes(), 0), PATIENCE)
  })

  it('ends with the handler where Node does not answer (Hono)', async () => {
    const app = new Hono().use(forHono(repos))
    app.get('/answer', async (context) => context.text(`${await readThrice()} ${openScopes()}`))
    app.get('/fail', async () => {
      await readThrice()
      throw new Error('mine')
    })
    app.onError((_error, context) => context.text('failed', 500))
    const selects = await selectsDuring(async () => {
      assert.equal(await (await app.request('/answer')).text(), 'read 1')
    })
    assert.equal(selects, 1)
    assert.equal((await app.request('/fail')).status, 500)
    assert.equal(openScopes(), 0)
  })

  it('cannot be created without repositories', () => {
    for (const make of [forExpress, forHono]) {
      assert.throws(() => make(undefined as never), {
        name: ConfigurationError.name,
        message: /got undefined. Use app.use\(requestScope\(repos\)\)\./,
      })
    }
  })
})

type Pull = (controller: ReadableStreamDefaultController<Uint8Array>) => Promise<void>
