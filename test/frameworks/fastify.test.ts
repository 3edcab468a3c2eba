import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, beforeEach, describe, it, type TestContext } from 'node:test'
import fastify, { type FastifyInstance } from 'fastify'
import { requestScope } from '../../src/frameworks/fastify.ts'
import { ConfigurationError } from '../../src/index.ts'
import { PATIENCE } from '../support/frameworks/client.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

describe('the Fastify plugin', () => {
  let data: Lookups
  let repos: AnyRepositories

  before(async () => {
    data = await lookups(COUNTRIES)
  })
  beforeEach(() => {
    repos = data.repositories()
  })
  after(() => data[Symbol.asyncDispose]())

  const scopesOf = (set: AnyRepositories) => set.$stats().country!.scopes
  const scopesToEnd = (t: TestContext) => t.waitFor(() => assert.equal(scopesOf(repos), 0), PATIENCE)

  /** A route that answers how many scopes are open while it runs. */
  function addRoute(app: Pick<FastifyInstance, 'get'>, path: string, set = repos): void {
    app.get(path, async () => {
      await set.country!.findByKey('FR')
      return scopesOf(set)
    })
  }

  it('covers the instance that registers it and its children, wherever a route is declared', async (t) => {
    await using app = fastify()
    addRoute(app, '/before')
    app.register(requestScope, { repos })
    addRoute(app, '/after')
    app.register(async (child) => addRoute(child, '/child'))
    for (const path of ['/before', '/after', '/child'])
      assert.equal((await app.inject(path)).payload, '1', path)
    assert.ok(app.hasPlugin('kysely-lookup'))
    await scopesToEnd(t)
  })

  it('leaves the other routes alone when a part of the service registers it', async (t) => {
    await using app = fastify()
    app.register(async (child) => {
      child.register(requestScope, { repos })
      addRoute(child, '/with')
    })
    addRoute(app, '/without')
    assert.equal((await app.inject('/with')).payload, '1')
    await scopesToEnd(t)
    assert.equal((await app.inject('/without')).payload, '0')
  })

  it('opens a scope in each of several sets of repositories', async () => {
    const others = data.repositories()
    await using app = fastify()
    app.register(requestScope, { repos })
    app.register(requestScope, { repos: others })
    addRoute(app, '/one')
    addRoute(app, '/other', others)
    assert.equal((await app.inject('/one')).payload, '1')
    assert.equal((await app.inject('/other')).payload, '1')
  })

  it('reaches hooks that are added after it, serializers and error handlers', async () => {
    const seen: string[] = []
    const look = async (where: string) => {
      await repos.country!.findByKey('FR')
      seen.push(`${where} ${scopesOf(repos)}`)
    }
    await using app = fastify()
    app.register(requestScope, { repos })
    app.addHook('onRequest', () => look('onRequest'))
    app.addHook('preParsing', async (_request, _reply, payload) => {
      await look('preParsing')
      return payload
    })
    app.addHook('preHandler', () => look('preHandler'))
    app.addHook('preSerialization', async (_request, _reply, payload) => {
      await look('preSerialization')
      return payload
    })
    app.addHook('onError', () => look('onError'))
    app.post('/answer', async () => ({}))
    app.post('/fail', async () => Promise.reject(new Error('mine')))
    await repos.$ready()
    const counts = await data.counter.during(() =>
      app.inject({ method: 'POST', url: '/answer', payload: { one: 1 } }),
    )
    assert.equal(counts.Com_select, 1)
    assert.deepEqual(seen.splice(0), ['onRequest 1', 'preParsing 1', 'preHandler 1', 'preSerialization 1'])
    const failed = await app.inject({ method: 'POST', url: '/fail', payload: { one: 1 } })
    assert.equal(failed.statusCode, 500)
    assert.ok(seen.includes('onError 1'), seen.join())
  })

  it('ends the scope when a body is refused before the handler runs', async (t) => {
    await using app = fastify({ bodyLimit: 10 })
    app.register(requestScope, { repos })
    app.addHook('onRequest', async () => void (await repos.country!.findByKey('FR')))
    app.post('/', async () => ({}))
    const refused = await app.inject({ method: 'POST', url: '/', payload: { long: 'x'.repeat(100) } })
    assert.equal(refused.statusCode, 413)
    await scopesToEnd(t)
  })

  it('ends the scope of an HTTP/2 request when it is answered, when it is cancelled, and with its session', async (t) => {
    let reached = Promise.withResolvers<void>()
    await using app = fastify({ http2: true })
    app.register(requestScope, { repos })
    app.get('/answer', async () => {
      await repos.country!.findByKey('FR')
      return String(scopesOf(repos))
    })
    app.get('/hang', async () => {
      await repos.country!.findByKey('FR')
      reached.resolve()
      return new Promise(() => {})
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const session = openSession(app.server as unknown as Server)
    assert.equal(await text(session.request({ ':path': '/answer' })), '1')
    await scopesToEnd(t)

    const cancelled = request(session, '/hang')
    await reached.promise
    assert.equal(scopesOf(repos), 1)
    cancelled.close(constants.NGHTTP2_CANCEL)
    await scopesToEnd(t)

    reached = Promise.withResolvers<void>()
    request(session, '/hang')
    await reached.promise
    assert.equal(scopesOf(repos), 1)
    session.destroy()
    await scopesToEnd(t)
  })

  it('refuses to start without repositories', async () => {
    for (const options of [{}, { repos: undefined }, { repos: {} }]) {
      await using app = fastify()
      app.register(requestScope, options as never)
      await assert.rejects(async () => app.ready(), {
        name: ConfigurationError.name,
        message: /expected the repositories that createRepositories made, got (undefined|object)/,
      })
    }
  })
})

function openSession(server: Server): ClientHttp2Session {
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  session.on('error', () => {})
  return session
}

function request(session: ClientHttp2Session, path: string): ClientHttp2Stream {
  const stream = session.request({ ':path': path })
  stream.on('error', () => {})
  void once(stream, 'close').catch(() => {})
  return stream
}
