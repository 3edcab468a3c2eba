import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { after, before, describe, it } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { openStatementLog } from '../support/adoption/statement-log.ts'
import { openBrowser } from '../support/page/chromium.ts'
import { sendRaw } from '../support/page/raw-request.ts'
import { type RunningStart, runStart } from '../support/page/running-start.ts'
import {
  type Answer,
  executeQuery,
  numberAtLeast,
  numberIn,
  openWatchedPage,
  seriesDrawn,
} from '../support/page/watched-page.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const TABLES = [
  'city',
  'country',
  'country_currency',
  'country_language',
  'currency',
  'language',
  'shipment',
  'time_zone',
]

/** Of the reference data and shipments: what GraphiQL offers to begin with. */
const LOOKUPS_OF_A_REQUEST = 275

describe('the page of npm start', { timeout: 600_000 }, () => {
  let database: TestDatabase
  let start: RunningStart
  let browser: Browser

  before(async () => {
    database = await createTestDatabase()
    browser = await openBrowser()
    start = await runStart({ databaseUrl: database.url })
  })
  after(async () => {
    await browser?.close()
    await start?.interrupt()
    await database?.drop()
  })

  const open = (t: Parameters<typeof openWatchedPage>[0], more: object = {}) =>
    openWatchedPage(t, { browser, url: start.url, ...more })

  it('shows every table, and says how to begin', async (t) => {
    const page = await open(t)
    assert.deepEqual(await page.locator('#table-rows th code').allInnerTexts(), TABLES)
    assert.equal(await page.locator('.empty:visible').count(), 3)
    assert.equal(await page.locator('#traffic-switch').innerText(), 'Start traffic')
    const { system, version } = database
    const name = system === 'mariadb' ? 'MariaDB' : 'MySQL'
    assert.ok((await page.locator('#server').innerText()).startsWith(`${name} ${version} at `))
  })

  it('moves with the traffic that it starts, and draws it', async (t) => {
    const page = await open(t)
    await setRate(page, 40)
    await page.click('#traffic-switch')
    await numberAtLeast(page, '#lookups', 20 * LOOKUPS_OF_A_REQUEST)
    for (const series of ['level-process', 'level-database']) {
      await seriesDrawn(page, { plot: '#plot-levels', series })
    }
    for (const series of ['line-without', 'line-sent']) {
      await seriesDrawn(page, { plot: '#plot-statements', series })
    }
    await seriesDrawn(page, { plot: '#plot-batches', series: 'table-0' })
    assert.equal(await page.locator('.empty:visible').count(), 0)

    const before = await numberIn(page, '#lookups')
    await numberAtLeast(page, '#lookups', before + LOOKUPS_OF_A_REQUEST)
    await page.click('#traffic-switch')
    await page.waitForSelector('#traffic-switch:has-text("Start traffic")')
    // Once the last requests are answered, each has made all of its lookups.
    const figures = await page.waitForFunction((each) => {
      const read = (id: string) =>
        Number.parseInt(document.getElementById(id)!.innerText.replaceAll(',', ''), 10)
      const [lookups, requests] = [read('lookups'), read('traffic-note')]
      return lookups === requests * each && { lookups, statements: read('statements'), saved: read('saved') }
    }, LOOKUPS_OF_A_REQUEST)
    const { lookups, statements, saved } = (await figures.jsonValue()) as Record<string, number>
    assert.equal(saved, lookups! - statements!)
    assert.ok(
      statements! > 0 && statements! * 20 < lookups!,
      `${statements} statements for ${lookups} lookups`,
    )
  })

  it('describes what the pointer is at', async (t) => {
    const page = await open(t)
    await seriesDrawn(page, { plot: '#plot-levels', series: 'level-process' })
    const place = await page.locator('#plot-levels .frame').boundingBox()
    await page.mouse.move(place!.x + place!.width - 20, place!.y + 40)
    await page.waitForSelector('#plot-levels .tip:has-text("process-wide cache")')
  })

  it('shows a second page what the first one saw', async (t) => {
    const page = await open(t)
    await seriesDrawn(page, { plot: '#plot-levels', series: 'level-process' })
    assert.ok((await numberIn(page, '#lookups')) >= 20 * LOOKUPS_OF_A_REQUEST)
  })

  it('changes a row by SQL and sees the version move and the service follow', async (t) => {
    const page = await open(t)
    const readVersion = async () => {
      const [row] = await runStatements(
        database.url,
        "select cast(sum(version) as char) version from lookup_version where table_name = 'country'",
      )
      return String(row?.version)
    }
    const before = await readVersion()
    await page.selectOption('#change-row', 'country')
    await page.click('#change-form button')
    await page.waitForSelector('.steps')
    assert.equal(
      await page.locator('.sql').innerText(),
      "update `country` set `capital` = 'Lyon' where `code` = 'FR'",
    )
    const after = await readVersion()
    const shown = (await page.locator('.steps li:nth-child(2) code').allInnerTexts()).map((text) =>
      text.replaceAll(',', ''),
    )
    assert.deepEqual(shown, [before, after])
    assert.notEqual(before, after)
    assert.equal(await page.locator('.steps ins').innerText(), 'Lyon')
    const cell = page.locator('tr[data-table="country"] .version code')
    await cell.filter({ hasText: Number(after).toLocaleString('en') }).waitFor()
    await page.waitForSelector('tr[data-table="country"].moved')
    for (const plot of ['levels', 'statements', 'batches']) {
      await page.waitForSelector(`#plot-${plot} .mark:has-text("country changed")`)
    }
    const { data } = await ask(start.url, '{ country(code: "FR") { capital } }')
    assert.deepEqual(data, { country: { capital: 'Lyon' } })
  })

  it('runs a nested query in GraphiQL: hundreds of statements become nine, and then one', async (t) => {
    const page = await open(t)
    await page.locator('#graphiql').scrollIntoViewIfNeeded()
    const { data, extensions } = await executeQuery(page)
    await page.waitForSelector('.way[data-way="process"]')
    const plain = statementsWithout(data as Parameters<typeof statementsWithout>[0])
    assert.equal(await shownStatements(page, 'plain'), plain)
    assert.ok(plain > 200, `${plain} statements`)
    assert.equal(await shownStatements(page, 'request'), 9)
    assert.equal(extensions.statements?.['plain Kysely'], plain)
    assert.ok((await page.locator('#query-cost').innerText()).includes('All gave the same answer.'))

    await executeQuery(page)
    await page.waitForSelector('.way[data-way="process"]:has-text("1 statement ")')
  })

  it('counts statements as the server does', async () => {
    await using log = await openStatementLog(database.url)
    let shown = 0
    // Less what follows the tables' versions, and what sets up connections.
    const sent = await log.during(async () => {
      const { extensions } = await ask(start.url, '{ shipments(page: 7) { origin { country { name } } } }')
      shown = Object.values(extensions.statements ?? {}).reduce((sum, one) => sum + one, 0)
    })
    assert.equal(sent.length, shown)
    assert.ok(shown >= 53, `${shown} shown`)
  })

  it('is light or dark as the system is, or as the user chooses', async (t) => {
    const page = await open(t, { colorScheme: 'light' })
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    const light = await ground()
    await page.emulateMedia({ colorScheme: 'dark' })
    const dark = await ground()
    assert.deepEqual([brightness(light) > 200, brightness(dark) < 40], [true, true], `${light}, ${dark}`)
    await page.click('#theme [data-theme="light"]')
    assert.equal(await ground(), light)
    await page.reload()
    assert.equal(await ground(), light)
    await page.emulateMedia({ colorScheme: 'light' })
    await page.click('#theme [data-theme="dark"]')
    assert.equal(await ground(), dark)
  })

  it('fits a narrow screen', async (t) => {
    const page = await open(t, { viewport: { width: 400, height: 860 } })
    const widths = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
    assert.deepEqual(widths, [400, 400])
  })

  it('refuses foreign host names, and orders from other sites', async () => {
    const host = new URL(start.url).host
    const order = { path: '/traffic', method: 'POST', body: '{"running":true,"rate":1}' }
    const json = { host, 'content-type': 'application/json' }
    const cases: [what: string, Omit<Parameters<typeof sendRaw>[0], 'url'>, status: number][] = [
      ['its own address', { path: '/', headers: { host } }, 200],
      ['localhost', { path: '/', headers: { host: host.replace('127.0.0.1', 'localhost') } }, 200],
      [
        'a name that leads here',
        { path: '/', headers: { host: host.replace('127.0.0.1', 'rebound.test') } },
        421,
      ],
      ['counters under that name', { path: '/lookups/live.stream', headers: { host: 'rebound.test' } }, 421],
      ['what is no name', { path: '/', headers: { host: 'a b' } }, 421],
      ['an order of another site', { ...order, headers: { ...json, origin: 'http://other.test' } }, 403],
      ['an order of another port', { ...order, headers: { ...json, origin: 'http://127.0.0.1:1' } }, 403],
      ['an order of a file', { ...order, headers: { ...json, origin: 'null' } }, 403],
      ['an order across sites', { ...order, headers: { ...json, 'sec-fetch-site': 'cross-site' } }, 403],
      [
        'a query of another site',
        { ...order, path: '/graphql', headers: { ...json, origin: 'http://other.test' } },
        403,
      ],
      [
        'a change of another site',
        { path: '/changes/country', method: 'POST', headers: { host, origin: 'http://other.test' } },
        403,
      ],
      ['an unknown change', { path: '/changes/shipment', method: 'POST', headers: { host } }, 404],
      ['a file above', { path: '/browser/..%2fmain.ts', headers: { host } }, 404],
      ['a rate beyond reason', { ...order, headers: json, body: '{"running":true,"rate":100000}' }, 400],
    ]
    const seen: [string, number | undefined][] = []
    for (const [what, sent] of cases) seen.push([what, (await sendRaw({ url: start.url, ...sent })).status])
    assert.deepEqual(
      seen,
      cases.map(([what, , status]) => [what, status]),
    )
    const { headers } = await sendRaw({ url: start.url, path: '/', headers: { host } })
    const policy = String(headers['content-security-policy'])
    assert.ok(policy.includes("default-src 'none'") && policy.includes("script-src 'self';"), policy)
    assert.equal(headers['access-control-allow-origin'], undefined)
  })

  it('is reachable from this machine only', async (t) => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
    t.diagnostic(`${others.length} other addresses`)
    for (const { address } of others) {
      const url = start.url.replace('127.0.0.1', address)
      await assert.rejects(sendRaw({ url, path: '/' }), { code: 'ECONNREFUSED' })
    }
    assert.equal(new URL(start.url).hostname, '127.0.0.1')
  })

  it('ends with Ctrl-C while pages are open and traffic runs, and leaves the data as it was', async () => {
    const page = await browser.newPage()
    await page.goto(start.url)
    await page.click('#traffic-switch')
    await page.waitForSelector('#traffic-switch:has-text("Stop traffic")')
    assert.equal(await start.interrupt(), 0, start.output())
    await page.waitForSelector('#connection[data-state="away"]')
    await page.close()
    assert.ok(start.output().endsWith('Stopping the service and its database\n'), start.output())
    await assert.rejects(fetch(start.url))
    assert.throws(() => process.kill(-start.pid, 0), { code: 'ESRCH' }, 'a process is left')
    const rows = await runStatements(database.url, "select capital from country where code = 'FR'")
    assert.equal(rows[0]?.capital, 'Paris')
  })
})

async function setRate(page: Page, rate: number): Promise<void> {
  await page.locator('#rate').fill(String(rate))
  await page.waitForSelector(`#rate-text:has-text("${rate}")`)
}

async function shownStatements(page: Page, way: string): Promise<number> {
  const text = await page.locator(`.way[data-way="${way}"] .statements`).innerText()
  return Number.parseInt(text.replaceAll(',', ''), 10)
}

async function ask(url: string, query: string): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  })
  return (await response.json()) as Answer
}

interface Shipment {
  readonly origin: { readonly country: { readonly currencies: readonly unknown[] } }
  readonly destination: { readonly country: { readonly languages: readonly unknown[] } }
}

/** A query for every object of GraphiQL's first query and every list in it, and one for the currency of each price. */
function statementsWithout({ shipments }: { readonly shipments: readonly Shipment[] }): number {
  return shipments.reduce(
    (sum, { origin, destination }) =>
      sum + 8 + origin.country.currencies.length + destination.country.languages.length,
    1,
  )
}

function brightness(colour: string): number {
  const [red = 0, green = 0, blue = 0] = colour.match(/\d+/g)!.map(Number)
  return (red + green + blue) / 3
}
