import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'

/** Opens the page; when the test ends, nothing may have been wrong in the browser, nor asked of anybody else. */
export async function openWatchedPage(
  t: TestContext,
  options: BrowserContextOptions & { readonly browser: Browser; readonly url: string },
): Promise<Page> {
  const { browser, url, ...context } = options
  const opened = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...context })
  const page = await opened.newPage()
  const complaints: string[] = []
  const foreign: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
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
