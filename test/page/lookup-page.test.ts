import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import { createLookupPage, type LookupPageOptions } from '../../src/page/index.ts'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { openStream } from '../support/page/event-stream.ts'
import { mounts, serveHandler } from '../support/page/mounted-page.ts'
import { sendRaw } from '../support/page/raw-request.ts'

const everybody = { authorize: () => true }

describe('the page of kysely-lookup/page', async () => {
  const shared: Lookups = await lookups(COUNTRIES)
  const repos = shared.repositories()

  /** A page of its own on a plain server. */
  async function serve(options: Partial<LookupPageOptions> = {}) {
    const page = createLookupPage({ repos, ...everybody, ...options })
    const server = await serveHandler(page)
    const send = (path: string, more: object = {}) => sendRaw({ url: server.url, path, ...more })
    return { page, server, send }
  }

  for (const [name, mount] of Object.entries(mounts)) {
    it(`is served by ${name} below a path, and sends what happens`, async () => {
      const own = shared.repositories()
      const server = await mount(createLookupPage({ repos: own, ...everybody }))
      const url = `${server.url}/admin/lookups/`
      const html = await fetch(url)
      assert.equal(html.status, 200)
      const loaded = [...(await html.text()).matchAll(/(?:src|href)="\.\/([\w.]+)"/g)].map(
        ([, file]) => file!,
      )
      assert.ok(loaded.length > 6)
      for (const file of loaded) assert.equal((await fetch(url + file)).status, 200, file)
      const stream = await openStream(url)
      const [first] = await stream.until(() => true)
      assert.deepEqual(
        first!.tables.map(({ name, mode }) => [name, mode]),
        [['country', 'request']],
      )
      await own.$request(() => own.country!.findByKeys(['FR', 'DE', 'FR']))
      // A sample may be taken while the statement is under way.
      const updates = await stream.until(({ tables }) => tables.some(({ statements }) => statements === 1))
      const table = updates.at(-1)!.tables[0]!
      assert.deepEqual([table.database, table.request, table.keys, table.statements], [2, 1, 2, 1])
      const batches = updates.flatMap(({ moments }) => moments.flatMap((moment) => moment.batches))
      assert.deepEqual(batches, [{ table: 'country', keys: 2, count: 1 }])
      stream.leave()
    })

    it(`leads from its path without a slash to the one with it, in ${name}`, async (t) => {
      const server = await mount(createLookupPage({ repos, ...everybody }))
      const answer = await sendRaw({ url: server.url, path: '/admin/lookups?from=mail' })
      if (answer.status === 404) {
        t.diagnostic('the framework has no route for it')
        assert.equal(name, 'Fastify')
        return
      }
      assert.deepEqual([answer.status, answer.headers.location], [308, './lookups/'])
    })
  }

  it('needs authorize, for no default would be safe', () => {
    const wrong = [undefined, null, true, 'admin'].map((authorize) => ({ repos, authorize }) as never)
    for (const options of wrong) {
      assert.throws(() => createLookupPage(options), {
        code: 'KYSELY_LOOKUP_CONFIGURATION',
        message: /expected authorize to be a function that says who may see the page, got/,
      })
    }
    assert.throws(() => createLookupPage({ repos: {} as never, ...everybody }), {
      code: 'KYSELY_LOOKUP_CONFIGURATION',
    })
    assert.throws(
      () => createLookupPage({ repos, ...everybody, authorise: 1 } as never),
      /Did you mean authorize\?/,
    )
  })

  it('asks for every request, and lets in only what is answered with true', async () => {
    const asked: (string | undefined)[] = []
    const answers: Readonly<Record<string, unknown>> = {
      yes: true,
      later: Promise.resolve(true),
      no: false,
      nothing: undefined,
      user: { name: 'anybody' },
      word: 'true',
      number: 1,
      laterNo: Promise.resolve(false),
      laterUser: Promise.resolve({ name: 'anybody' }),
    }
    const { send } = await serve({
      authorize({ headers, url }: IncomingMessage) {
        asked.push(url)
        return answers[String(headers.who)] as boolean
      },
    })
    const statuses: [string, number | undefined][] = []
    for (const who of Object.keys(answers))
      statuses.push([who, (await send('/', { headers: { who } })).status])
    assert.deepEqual(
      statuses,
      Object.keys(answers).map((who) => [who, who === 'yes' || who === 'later' ? 200 : 403]),
    )
    for (const path of ['/main.js', '/page.css', '/live.stream', '/nonsense', '/nothing.js']) {
      assert.equal((await send(path, { headers: { who: 'no' } })).status, 403)
      assert.equal(asked.at(-1), path)
    }
  })

  it('refuses everybody while authorize throws, and says why to the process alone', async () => {
    const failures = [
      () => Promise.reject(new Error('sessions are away')),
      throwing(new Error('sessions are away')),
    ]
    for (const authorize of failures) {
      const { send } = await serve({ authorize })
      const warned = once(process, 'warning')
      const answer = await send('/')
      assert.deepEqual([answer.status, answer.body], [403, 'You may not see this page.\n'])
      const [warning] = await warned
      assert.equal(warning.message, 'sessions are away')
    }
  })

  it('is only read', async () => {
    let asked = 0
    const { send } = await serve({ authorize: () => ++asked > 0 })
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
      for (const path of ['/', '/main.js', '/live.stream']) {
        const { status, headers } = await send(path, { method })
        assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], `${method} ${path}`)
      }
    }
    assert.equal(asked, 0)
    const whole = await send('/')
    const head = await send('/', { method: 'HEAD' })
    assert.deepEqual([head.status, head.body], [200, ''])
    assert.equal(head.headers['content-length'], String(Buffer.byteLength(whole.body)))
    const stream = await send('/live.stream', { method: 'HEAD' })
    assert.deepEqual([stream.status, stream.headers['content-type']], [200, 'text/event-stream'])
  })

  it('has no other files, whatever a path says', async () => {
    const { send } = await serve()
    const paths = [
      '/../package.json',
      '/..%2f..%2fpackage.json',
      '/browser/..%2f..%2fsampler.ts',
      '/%2e%2e/%2e%2e/package.json',
      '/..\\..\\package.json',
      '/main.js%00.css',
      '/tsconfig.json',
      '/main.ts',
      '/__proto__.js',
      '//other.test/x.js',
      'http://other.test/x.js',
    ]
    for (const path of paths) assert.equal((await send(path)).status, 404, path)
    for (const path of ['/constructor', '/__proto__', '/toString']) {
      assert.equal((await send(path)).headers.location, `.${path}/`)
    }
    for (const path of ['//other.test', '/javascript:alert(1)', '/%0d%0aset-cookie:a']) {
      const { status, headers } = await send(path)
      assert.deepEqual([status, headers.location], [404, undefined], path)
    }
  })

  it('allows itself alone: scripts, styles and frames of nobody else', async () => {
    const { send } = await serve()
    for (const path of ['/', '/main.js', '/nothing.js']) {
      const { headers } = await send(path)
      assert.equal(
        headers['content-security-policy'],
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      )
      assert.equal(headers['x-content-type-options'], 'nosniff')
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
      assert.equal(headers['access-control-allow-origin'], undefined)
    }
    const { body } = await send('/')
    assert.doesNotMatch(body, /<script>|<style>|\sstyle=|\son\w+=|(?:src|href)="(?!\.\/[\w.]+")/)
  })

  it('shows no row and no key', async () => {
    const own = shared.repositories({ cache: { country: { mode: 'expiring', maxAge: 60_000 } } })
    const { server } = await serve({ repos: own })
    const stream = await openStream(`${server.url}/`)
    await own.$request(() => own.country!.findByKeyOrThrow('FR'))
    const updates = await stream.until(({ tables }) => tables.some(({ rowsHeld }) => rowsHeld > 0))
    stream.leave()
    const text = JSON.stringify(updates)
    assert.doesNotMatch(text, /FRA?"|France/)
    assert.equal(updates.at(-1)!.tables[0]!.maxAge, 60_000)
  })

  it('asks for no statistics while nobody looks', async () => {
    let asked = 0
    const { send } = await serve({
      repos: {
        $stats() {
          asked++
          return {}
        },
      },
    })
    for (const path of ['/', '/main.js', '/x/', '/nothing.js']) await send(path)
    assert.equal(asked, 0)
  })

  it('sends all that are open the same, and one that comes later what was before', async () => {
    const own = shared.repositories()
    const { server } = await serve({ repos: own })
    const streams = await Promise.all(Array.from({ length: 5 }, () => openStream(`${server.url}/`)))
    await own.$request(() => own.country!.findByKey('FR'))
    const seen = await Promise.all(
      streams.map((stream) => stream.until(({ moments }) => moments.some(({ database }) => database === 1))),
    )
    const last = seen.map((updates) => updates.at(-1)!.moments.find(({ database }) => database === 1))
    for (const moment of last) assert.deepEqual(moment, last[0])
    const late = await openStream(`${server.url}/`)
    const [welcome] = await late.until(() => true)
    assert.ok(welcome!.moments.some(({ at }) => at === last[0]!.at))
    for (const stream of [...streams, late]) stream.leave()
  })

  it('has room for 100 pages, and again when some have left', async () => {
    const { server, send } = await serve()
    const streams = await Promise.all(Array.from({ length: 100 }, () => openStream(`${server.url}/`)))
    assert.ok(streams.every(({ response }) => response.statusCode === 200))
    const refused = await send('/live.stream')
    assert.deepEqual([refused.status, refused.body], [503, 'Too many pages are open.\n'])
    assert.equal((await send('/')).status, 200)
    streams[0]!.leave()
    let again = await openStream(`${server.url}/`)
    while (again.response.statusCode === 503) again = await openStream(`${server.url}/`)
    assert.equal(again.response.statusCode, 200)
    for (const stream of [...streams.slice(1), again]) stream.leave()
  })

  it('keeps no more than one update for a page that reads nothing', async () => {
    const [stats] = Object.values(repos.$stats())
    let asked = 0
    const page = createLookupPage({
      ...everybody,
      repos: {
        // Every table changes with every sample.
        $stats() {
          const changed = { ...stats!, hits: ++asked }
          // More than the system's own buffers take.
          const padding = 'x'.repeat(1_000)
          return Object.fromEntries(
            Array.from({ length: 5_000 }, (_, index) => [`${index}${padding}`, changed]),
          )
        },
      },
    })
    const responses: ServerResponse[] = []
    const server = await serveHandler((request, response) => {
      responses.push(response)
      page(request, response)
    })
    const socket = connect(server.port, '127.0.0.1').pause()
    socket.write('GET /live.stream HTTP/1.1\r\nhost: localhost\r\n\r\n')
    const kept: number[] = []
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setInterval(() => {
      const [response] = responses
      if (!response || kept.length === asked) return
      kept.push(response.writableLength)
      if (kept.length > 12) resolve()
    }, 10)
    await promise
    clearInterval(timer)
    const late = kept.slice(-4)
    assert.ok(late[0]! > 0, 'it is stuck')
    assert.deepEqual(late, Array(4).fill(late[0]))
    socket.destroy()
  })

  it('goes on after its repositories were closed', async () => {
    const own = shared.repositories()
    const { server } = await serve({ repos: own })
    await own.$request(() => own.country!.findByKey('FR'))
    const stream = await openStream(`${server.url}/`)
    await stream.until(() => true)
    await own.$close()
    const [update] = await stream.until(() => true)
    assert.equal(update!.moments.at(-1)!.database, 1)
    stream.leave()
  })

  for (const [name, mount] of Object.entries(mounts)) {
    it(`does not keep a server of ${name} from closing`, async () => {
      const server = await mount(createLookupPage({ repos, ...everybody }))
      const stream = await openStream(`${server.url}/admin/lookups/`)
      await stream.until(() => true)
      await Promise.all([server.closeGracefully(), stream.ended])
    })
  }

  it('can be taken away while the server goes on', async () => {
    const { page, server, send } = await serve()
    const stream = await openStream(`${server.url}/`)
    page.close()
    await stream.ended
    for (const path of ['/', '/live.stream', '/main.js']) assert.equal((await send(path)).status, 503)
    page[Symbol.dispose]()
  })
})

function throwing(error: Error): () => never {
  return () => {
    throw error
  }
}
