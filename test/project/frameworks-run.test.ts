import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type BlocksFolder, createBlocksFolder } from '../support/documents/blocks-folder.ts'
import { packageEntries, readDocuments, root } from '../support/documents/documents.ts'
import { expectCommand } from '../support/package/command.ts'
import { createReferenceDatabase, SAMPLE_ROWS } from '../support/reference-database.ts'
import type { TestDatabase } from '../support/server.ts'

const LISTENING = JSON.stringify(pathToFileURL(join(root, 'test/support/documents/listening.ts')).href)

const cityOf = (id: string) => `
  const response = await fetch(address + '/cities/${id}')
  const { name, country } = (await response.json()) as { name?: string; country?: { name: string } }
  console.log(response.status, name, country?.name)`

const COUNTRY = `
  const response = await fetch(address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ country(code: "FR") }' }),
  })
  console.log(response.status, JSON.stringify(await response.json()))`

const PARIS = '200 Paris France'
const FRANCE = '200 {"data":{"country":"France"}}'

interface Use {
  /** What follows the example in its module; after its server has started, unless it has none. */
  readonly use: string
  readonly hasServer?: false
  readonly prints: string
}

/** What is done with each example of docs/frameworks.md, in their order, and what comes of it. */
const USES: readonly (readonly [title: string, use: Use])[] = [
  ['Fastify', { use: cityOf('2988507'), prints: PARIS }],
  ['Express', { use: cityOf('2988507'), prints: PARIS }],
  ['node:http', { use: 'console.log(await (await fetch(address)).text())', prints: 'France' }],
  ['Hono', { use: cityOf('2988507'), prints: PARIS }],
  [
    'NestJS',
    {
      hasServer: false,
      use: `
        const used: unknown[] = []
        configure({ use: (middleware) => used.push(middleware) })
        console.log(used.map((one) => typeof one).join())`,
      prints: 'function',
    },
  ],
  [
    'GraphQL',
    {
      hasServer: false,
      use: `
        const context = createContext()
        const cities = await resolvers.Country.cities({ code: 'FR' }, {}, context)
        const countries = await Promise.all(cities.map((city) => resolvers.City.country(city, {}, context)))
        console.log(countries.map(({ name }) => name).join())`,
      prints: 'France,France,France',
    },
  ],
  ['Yoga', { use: `const path = '/graphql'${COUNTRY}`, prints: FRANCE }],
  ['Apollo Server', { use: `const path = '/'${COUNTRY}`, prints: FRANCE }],
  ['Mercurius', { use: `const path = '/graphql'${COUNTRY}`, prints: FRANCE }],
  [
    'Subscriptions',
    {
      hasServer: false,
      use: `
        for await (const code of Subscription.countryRenamed.subscribe()) {
          console.log((await Subscription.countryRenamed.resolve(code, {}, { repos })).name)
        }`,
      prints: 'France',
    },
  ],
  ['WebSockets', { hasServer: false, use: "console.log(await answer({ currency: 'EUR' }))", prints: 'Euro' }],
  [
    'server-sent events',
    {
      hasServer: false,
      use: `
        const response = await app.request('/prices')
        const reader = response.body!.getReader()
        console.log(new TextDecoder().decode((await reader.read()).value).trim())
        await reader.cancel()`,
      prints: 'data: 100 €',
    },
  ],
  [
    'other frameworks',
    {
      hasServer: false,
      use: `
        import { createServer } from 'node:http'
        createServer((_, response) => {
          handleInScope(response, async () => {
            const [one, same] = [await repos.currency.findByKey('EUR'), await repos.currency.findByKey('EUR')]
            response.end(String(one === same))
          })
        }).listen(0)
        console.log(await (await fetch(await addressOfServer())).text())`,
      prints: 'true',
    },
  ],
]

describe('the examples of docs/frameworks.md', () => {
  let database: TestDatabase
  let folder: BlocksFolder
  const files: string[] = []
  let results: readonly { readonly output: string; readonly failure?: string }[]

  before(async () => {
    const document = (await readDocuments()).find(({ name }) => name === 'docs/frameworks.md')!
    const blocks = document.blocks.filter(({ language }) => language === 'ts')
    assert.equal(blocks.length, USES.length, 'each example is used here, in its order')
    const data = await createReferenceDatabase()
    await data.run(...SAMPLE_ROWS)
    database = data.test
    folder = await createBlocksFolder()
    for (const [index, block] of blocks.entries()) {
      const file = await folder.add(document, block)
      const { use, hasServer = true } = USES[index]![1]
      const address = hasServer ? 'const address = await addressOfServer()' : ''
      await appendFile(
        join(folder.folder, file),
        `import { addressOfServer } from ${LISTENING}\n${address}\n${use}\n`,
      )
      files.push(file)
    }
    const output = await expectCommand({
      program: process.execPath,
      args: [
        join(root, 'test/support/documents/run-blocks.ts'),
        folder.folder,
        JSON.stringify(Object.fromEntries(await packageEntries())),
        ...files,
      ],
      cwd: root,
      env: { DATABASE_URL: database.url },
    })
    results = JSON.parse(output)
  })
  after(async () => {
    await folder?.[Symbol.asyncDispose]()
    await database?.drop()
  })

  for (const [index, [title, { prints }]] of USES.entries()) {
    it(`work as they are printed: ${title}`, () => {
      const { output, failure } = results[index]!
      assert.equal(failure, undefined, files[index])
      assert.equal(output, prints, files[index])
    })
  }
})
