/**
 * Takes the pictures of the documentation: runs `npm start` on a throwaway server, some traffic, a changed row and a query.
 *
 *     node test/support/page/take-screenshots.ts [FOLDER]
 */
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '../server.ts'
import { openBrowser } from './chromium.ts'
import { runStart } from './running-start.ts'
import { executeQuery } from './watched-page.ts'

const folder = process.argv[2] ?? fileURLToPath(new URL('../../../docs/images', import.meta.url))
const MOST_BYTES = 300_000

await mkdir(folder, { recursive: true })
const database = await createTestDatabase({ name: 'shipping' })
const start = await runStart({ databaseUrl: database.url })
const browser = await openBrowser()
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1000 }, deviceScaleFactor: 1.25 })
  await page.goto(start.url)
  await page.locator('#rate').fill('30')
  await page.click('#traffic-switch')
  // Long enough for the plots to show how the cache fills.
  await setTimeout(45_000)
  await page.click('#change-form button')
  await page.waitForSelector('.steps')
  await setTimeout(8_000)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await page.evaluate(() => scrollTo(0, 0))
    await page.screenshot({ path: join(folder, `page-${colorScheme}.png`) })
  }
  await page.emulateMedia({ colorScheme: 'light' })
  await page.locator('#graphiql').scrollIntoViewIfNeeded()
  await executeQuery(page)
  await page.waitForSelector('.way[data-way="process"]')
  // The bars take their time.
  await setTimeout(1_000)
  await page.locator('#graphql').screenshot({ path: join(folder, 'page-graphql.png') })
} finally {
  await browser.close()
  await start.interrupt()
  await database.drop()
}

for (const name of ['page-light.png', 'page-dark.png', 'page-graphql.png']) {
  const { size } = await stat(join(folder, name))
  console.log(`${name}: ${Math.round(size / 1_000)} kB`)
  if (size > MOST_BYTES) throw new Error(`${name} is larger than ${MOST_BYTES / 1_000} kB`)
}
