import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fastify from 'fastify'
import type { Browser } from 'playwright-core'
import { createLookupPage } from '../../src/page/index.ts'
import { type FrameworkServer, running } from '../support/frameworks/servers.ts'
import { type AnyRepositories, type Lookups, lookups, numbered } from '../support/lookups.ts'
import { openBrowser } from '../support/page/chromium.ts'
import { serveHandler } from '../support/page/mounted-page.ts'
import { numberAtLeast, openWatchedPage, seriesDrawn } from '../support/page/watched-page.ts'

/** A name that would be markup if it were not text. */
const HOSTILE = `<img src=x onerror="document.title='broken'">`

/** Counters that no table has: what a page must bear all the same. */
const HUGE = {
  ...{
    hits: Number.MAX_SAFE_INTEGER,
    scopeHits: 1e21,
    misses: Number.MAX_VALUE,
    keysSent: 1e300,
    batches: 1,
  },
  ...{
    statements: 1e18,
    failures: 1e18,
    rowsHeld: 1e14,
    evictions: 1e15,
    version: 2 ** 53,
    versionAge: 1e12,
  },
  ...{ verifiedAge: 1e12, batchSizes: { bounds: [1], counts: [1e9, 1e9] } },
}

describe('the page in a service of one’s own', { timeout: 600_000 }, () => {
  let shared: Lookups
  let repos: AnyRepositories
  let browser: Browser
  let server: FrameworkServer
  let url: string

  before(async () => {
    shared = await lookups([
      ...numbered('city', 300),
      ...numbered('currency', 20),
      `create table \`${HOSTILE}\` (id int primary key)`,
      `insert into \`${HOSTILE}\` values (1)`,
    ])
    repos = shared.repositories({ cache: { city: { mode: 'expiring', maxAge: 600_000, maxRows: 50 } } })
    browser = await openBrowser()
    const app = fastify()
    const page = createLookupPage({ repos, authorize: ({ headers }) => headers.cookie === 'who=admin' })
    app.all('/internal/lookups/*', (request, reply) => {
      reply.hijack()
      page(request.raw, reply.raw)
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    server = running(app.server, () => app.close())
    url = `${server.url}/internal/lookups/`
  })
  after(async () => {
    await browser?.close()
    await server?.[Symbol.asyncDispose]()
    await shared?.[Symbol.asyncDispose]()
  })

  const open = (t: Parameters<typeof openWatchedPage>[0], at = url, expected: readonly RegExp[] = []) =>
    openWatchedPage(t, { browser, url: at, expected, extraHTTPHeaders: { cookie: 'who=admin' } })

  it('shows tables, answers by level, statements, batch sizes, ages and evictions as they happen', async (t) => {
    const page = await open(t)
    assert.deepEqual(
      await page.locator('#table-rows th code').allInnerTexts(),
      [HOSTILE, 'city', 'currency'].sort(),
    )
    assert.equal(await page.locator('.empty:visible').count(), 3)
    for (let first = 1; first <= 201; first += 100) {
      const ids = Array.from({ length: 100 }, (_, index) => first + index)
      await repos.$request(() => Promise.all([...ids, ...ids].map((id) => repos.city!.findByKey(id))))
    }
    await numberAtLeast(page, '#lookups', 600)
    const { city } = repos.$stats()
    const cell = (label: string) => page.locator(`tr[data-table="city"] td[data-label="${label}"]`)
    await cell('Evicted').filter({ hasText: '250' }).waitFor()
    assert.equal(city!.evictions, 250)
    assert.equal(await cell('Rows held').innerText(), '50')
    assert.equal(await cell('Misses').innerText(), String(city!.misses))
    assert.equal(await cell('Statements').innerText(), String(city!.statements))
    assert.match(await cell('Version').innerText(), /by age\s+held for 10 min at most/)
    assert.match(await page.locator('#process').innerText(), new RegExp(`, process ${process.pid}$`))
    await seriesDrawn(page, { plot: '#plot-levels', series: 'level-request' })
    await seriesDrawn(page, { plot: '#plot-statements', series: 'line-without' })
    await seriesDrawn(page, { plot: '#plot-batches', series: 'table-1' })
  })

  it('is not shown to others', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const response = await page.goto(url)
    assert.equal(response?.status(), 403)
    assert.equal(await page.locator('#table-rows').count(), 0)
    await context.close()
  })

  it('shows several pages the same', async (t) => {
    const pages = await Promise.all([open(t), open(t), open(t)])
    await repos.$request(() => repos.currency!.findByKeys([1, 2, 3]))
    const { misses } = repos.$stats().currency!
    for (const page of pages) {
      const cell = page.locator('tr[data-table="currency"] td[data-label="Misses"]')
      await cell.filter({ hasText: new RegExp(`^${misses}$`) }).waitFor()
    }
  })

  it('works behind a proxy that adds a prefix, without a slash at its end too', async (t) => {
    const page = createLookupPage({ repos, authorize: () => true })
    // The proxy serves `/outer/…` and forwards it as `/…`.
    const proxy = await serveHandler((request, response) => {
      if (!request.url!.startsWith('/outer/')) return void response.writeHead(404).end()
      request.url = request.url!.replace('/outer', '')
      page(request, response)
    })
    const opened = await open(t, `${proxy.url}/outer/tools/lookups`)
    assert.equal(opened.url(), `${proxy.url}/outer/tools/lookups/`)
    await opened.waitForSelector('#connection[data-state="live"]')
  })

  it('shows the name of a table as text, also where its version moves', async (t) => {
    const stats = { ...repos.$stats()[HOSTILE]!, version: 1, batches: 0 }
    const own = createLookupPage({
      repos: { $stats: () => ({ [HOSTILE]: { ...stats } }) },
      authorize: () => true,
    })
    const plain = await serveHandler(own)
    const page = await open(t, `${plain.url}/`)
    const { counts, bounds } = stats.batchSizes
    Object.assign(stats, {
      ...{ version: 2, batches: 3, keysSent: 9, misses: 9, statements: 3 },
      batchSizes: { bounds, counts: counts.map((count, index) => (index === 2 ? count + 3 : count)) },
    })
    await page.locator('#plot-batches .mark', { hasText: `${HOSTILE} changed` }).waitFor()
    assert.deepEqual(await page.locator('#table-rows th code').allInnerTexts(), [HOSTILE])
    assert.equal(await page.locator('img').count(), 1)
    assert.equal(await page.title(), 'kysely-lookup, live')
    await seriesDrawn(page, { plot: '#plot-batches', series: 'table-0' })
    const place = await page.locator('#plot-batches .u-over').boundingBox()
    await page.mouse.move(place!.x + place!.width - 2, place!.y + 40)
    await page.locator('#plot-batches .tip', { hasText: HOSTILE }).waitFor()
    assert.equal(await page.locator('img').count(), 1)
  })

  it('bears numbers beyond all measure, and thousands of tables', async (t) => {
    const stats = repos.$stats().currency!
    const tables = Array.from({ length: 2_000 }, (_, index) => [`table_${index}`, { ...stats }] as const)
    let all: Record<string, typeof stats> = Object.fromEntries(tables)
    const own = createLookupPage({ repos: { $stats: () => all }, authorize: () => true })
    const plain = await serveHandler(own)
    const page = await open(t, `${plain.url}/`)
    assert.equal(await page.locator('#table-rows tr').count(), 2_000)
    assert.equal(await page.locator('#plot-batches .legend li').count(), 8)
    all = { ...all, table_7: { ...stats, ...HUGE } }
    await page
      .locator('tr[data-table="table_7"] td[data-label="Rows held"]', { hasText: '100,000,000,000,000' })
      .waitFor()
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    assert.equal(widths[0], widths[1])
  })

  it('says that the service is away, and goes on when it is back', async (t) => {
    let current = createLookupPage({ repos, authorize: () => true })
    const plain = await serveHandler((request, response) => current(request, response))
    const page = await open(t, `${plain.url}/`, [/ 503 /])
    await page.waitForSelector('#connection[data-state="live"]')
    current.close()
    await page.waitForSelector('#connection[data-state="away"]')
    current = createLookupPage({ repos, authorize: () => true })
    await page.waitForSelector('#connection[data-state="live"]')
  })
})
