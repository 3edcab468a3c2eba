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

/** What is done with each example of docs/frameworks.md, in their order. */
const USES: readonly (readonly [title: string, use: Use])[] = [
  ['Fastify', { use: cityOf('2988507'), prints: PARIS }],
  ['Express', { use: cityOf('2988507'), prints: PARIS }],
  ['node:http', { use: 'console.log(await (await fetch(address)).text())', prints: 'France' }],
  ['Hono', { use: cityOf('2988507'), prints: PARIS }],
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

/** What is done with examples of other documents, which are found by a text in them. */
const OTHERS: readonly (readonly [document: string, text: string, use: Use])[] = [
  [
    'README.md',
    'addressLabel',
    { hasServer: false, use: 'console.log(await addressLabel(2988507))', prints: 'Paris, France' },
  ],
  [
    'docs/errors.md',
    'statusOf',
    {
      hasServer: false,
      use: `
        const errors = [repos.city.findByKeyOrThrow(1), repos.city.findByKey('Paris' as never)].map((one) => one.catch(statusOf))
        console.log(...(await Promise.all(errors)), statusOf(new Error()))`,
      prints: '404 400 500',
    },
  ],
  [
    'docs/from-drizzle.md',
    'countryName',
    { hasServer: false, use: "console.log(await countryName('FR'))", prints: 'France' },
  ],
  [
    'docs/from-typeorm.md',
    'countryName',
    { hasServer: false, use: "console.log(await countryName('FR'))", prints: 'France' },
  ],
  [
    'docs/from-prisma.md',
    'export const City',
    {
      hasServer: false,
      use: "console.log((await City.country({ countryCode: 'FR' })).name)",
      prints: 'France',
    },
  ],
  ['docs/request-scopes.md', 'express()', { hasServer: false, use: '', prints: '' }],
  [
    'docs/request-scopes.md',
    'greeting',
    { hasServer: false, use: 'console.log(hello)', prints: 'Hello France' },
  ],
  [
    'docs/doorbells.md',
    'bus.on(',
    {
      hasServer: false,
      use: "console.log(bus.emit('reference-data-changed')); await repos.$refresh()",
      prints: 'true',
    },
  ],
]

const ALL = [...USES, ...OTHERS.map(([document, text, use]) => [`${document}, ${text}`, use] as const)]

describe('the examples of the documentation', () => {
  let database: TestDatabase
  let folder: BlocksFolder
  const files: string[] = []
  let results: readonly { readonly output: string; readonly failure?: string }[]

  before(async () => {
    const documents = await readDocuments()
    const examplesOf = (document: string) =>
      documents
        .filter(({ name }) => name === document)
        .flatMap((one) => one.blocks.map((block) => ({ document: one, block })))
        .filter(({ block }) => block.language === 'ts')
    const examples = examplesOf('docs/frameworks.md')
    assert.equal(examples.length, USES.length, 'each example is used here, in its order')
    for (const [document, text] of OTHERS) {
      const example = examplesOf(document).find(
        ({ block }) => block.marks.length === 0 && block.code.includes(text),
      )
      assert.ok(example, `${document} has an example with ${text}`)
      examples.push(example)
    }
    const data = await createReferenceDatabase()
    await data.run(...SAMPLE_ROWS)
    database = data.test
    folder = await createBlocksFolder()
    for (const [index, { document, block }] of examples.entries()) {
      const file = await folder.add(document, block)
      const { use, hasServer = true } = ALL[index]![1]
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

  for (const [index, [title, { prints }]] of ALL.entries()) {
    it(`work as they are printed: ${title}`, () => {
      const { output, failure } = results[index]!
      assert.equal(failure, undefined, files[index])
      assert.equal(output, prints, files[index])
    })
  }
})
