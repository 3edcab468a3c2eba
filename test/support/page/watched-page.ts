import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** How long (ms) a page on a busy machine may take for what is waited for. */
const PATIENCE = 180_000

/** Opens the page; when the test ends, nothing may have been wrong in the browser, nor asked of anybody else. */
export async function openWatchedPage(
  t: TestContext,
  options: BrowserContextOptions & {
    readonly browser: Browser
    readonly url: string
    /** What the browser may complain about. */
    readonly expected?: readonly RegExp[]
  },
): Promise<Page> {
  const { browser, url, expected = [], ...context } = options
  const opened = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context })
  const page = await opened.newPage()
  page.setDefaultTimeout(PATIENCE)
  const complaints: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    const isComplaint = message.type() === 'error' || message.type() === 'warning'
    if (isComplaint && !expected.some((one) => one.test(message.text()))) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(error.message))
  opened.on('request', (request) => {
    const { origin, protocol } = new URL(request.url())
    if (origin !== new URL(url).origin && protocol !== 'data:' && protocol !== 'blob:')
      foreign.push(request.url())
  })
  t.after(async () => {
    await opened.close()
    assert.deepEqual({ complaints, foreign }, { complaints: [], foreign: [] })
  })
  await page.goto(url)
  await page.waitForSelector('#table-rows tr')
  return page
}

/** How much of a plot's canvas has the color of a series, in per mille. */
export function shareOfColor(page: Page, options: { plot: string; series: string }): Promise<number> {
  return page.evaluate(({ plot, series }) => {
    const host = document.querySelector(plot)!
    const swatch = host.querySelector(`.legend .${series} .swatch`)!
    const [red, green, blue] = getComputedStyle(swatch).color.match(/\d+/g)!.map(Number)
    const canvas = host.querySelector('canvas')!
    const { width, height } = canvas
    // A copy: reading the page's own would change how the browser draws it.
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!
    copy.drawImage(canvas, 0, 0)
    const { data } = copy.getImageData(0, 0, width, height)
    let found = 0
    for (let at = 0; at < data.length; at += 4) {
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) found++
    }
    return (1_000 * found) / (width * height)
  }, options)
}

/** Waits until a plot has drawn a series. */
export async function seriesDrawn(page: Page, options: { plot: string; series: string }): Promise<void> {
  while ((await shareOfColor(page, options)) < 0.1) {
    await page.evaluate(() => new Promise(requestAnimationFrame))
  }
}

/** The number in an element's text, as the page writes it: `12,345`. */
export async function numberIn(page: Page, selector: string): Promise<number> {
  const text = await page.locator(selector).innerText()
  return Number(text.replaceAll(',', ''))
}

/** Waits until the element's number is at least so much. */
export async function numberAtLeast(page: Page, selector: string, least: number): Promise<void> {
  await page.waitForFunction(
    ([where, number]) => {
      const text = document.querySelector(where)?.textContent ?? ''
      return Number(text.replaceAll(',', '')) >= number
    },
    [selector, least] as const,
  )
}

/** What the service answers to a GraphQL query. */
export interface Answer {
  readonly data: object
  readonly extensions: { readonly statements?: Readonly<Record<string, number>> }
}

/** Presses GraphiQL's button; what the service answered. */
export async function executeQuery(page: Page): Promise<Answer> {
  const answer = page.waitForResponse(
    (response) =>
      response.url().endsWith('/graphql') && /Shipments/.test(response.request().postData() ?? ''),
  )
  const frame = page.frameLocator('#graphiql')
  await frame.getByRole('button', { name: /^Execute query/ }).click()
  return (await answer).json()
}
