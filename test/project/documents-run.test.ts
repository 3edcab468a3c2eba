import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createBlocksFolder } from '../support/documents/blocks-folder.ts'
import { type Document, packageEntries, readDocuments, root } from '../support/documents/documents.ts'
import type { CodeBlock } from '../support/documents/markdown.ts'
import { expectCommand } from '../support/package/command.ts'
import { createReferenceDatabase, SAMPLE_ROWS } from '../support/reference-database.ts'
import { runStatements, type TestDatabase } from '../support/server.ts'

const documents = await readDocuments()

/** `<!-- run -->` above a block: it is run. `<!-- output -->` above the next one: that is what it printed. */
const isRun = ({ marks }: CodeBlock) => marks.includes('run')
const isOutput = ({ marks }: CodeBlock) => marks.includes('output')

const runnable = documents.filter(({ blocks }) => blocks.some(isRun))

describe('the documentation that can be run', () => {
  // One for all: making it takes longer than anything that is done with it.
  let database: TestDatabase
  before(async () => {
    const data = await createReferenceDatabase()
    await data.run(...SAMPLE_ROWS)
    database = data.test
  })
  after(() => database.drop())

  it('exists', () => {
    assert.ok(runnable.length > 0)
    for (const { name, blocks } of documents) {
      for (const [at, { line }] of [...blocks.entries()].filter(([, block]) => isOutput(block))) {
        assert.ok(
          blocks[at - 1] && isRun(blocks[at - 1] as CodeBlock),
          `${name}:${line} is output of nothing`,
        )
      }
    }
  })

  for (const document of runnable) {
    it(`${document.name} does what it says`, async (t) => {
      const run = document.blocks.filter(isRun)
      await using user = await runSql(document, database)
      await runShell(document, user.url)
      const results = await runTypeScript(document, user.url)
      for (const { block, output, failure } of results) {
        const place = `${document.name}:${block.line}`
        assert.equal(failure, undefined, place)
        const next = document.blocks[document.blocks.indexOf(block) + 1]
        if (next && isOutput(next)) assert.equal(output, next.code.trimEnd(), place)
      }
      t.diagnostic(`${run.length} blocks`)
    })
  }
})

/**
 * Runs the SQL of a document, in whose place of a database `shop` the test's is. The TypeScript is then run as the first
 * user that it creates, whose rights have to be enough.
 */
async function runSql(
  document: Document,
  database: TestDatabase,
): Promise<AsyncDisposable & { url: string }> {
  const sql = document.blocks.filter((block) => isRun(block) && block.language === 'sql')
  const statements = sql.flatMap(({ code }) => statementsOf(code.replace(/\bshop\./g, `${database.name}.`)))
  const users = statements.flatMap((statement) => [
    ...statement.matchAll(/create user '(\w+)'@'%' identified by '(.+)'/g),
  ])
  const drop = () =>
    runStatements(database.url, ...users.map(([, name]) => `drop user if exists '${name}'@'%'`))
  await drop()
  await runStatements(database.url, ...statements)
  const url = new URL(database.url)
  const [[, name, password] = []] = users
  if (name && password) Object.assign(url, { username: name, password: encodeURIComponent(password) })
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await drop()
    },
  }
}

/** Runs the commands of a document in an empty project, but for installations: the package is there. */
async function runShell(document: Document, databaseUrl: string): Promise<void> {
  const blocks = document.blocks.filter((block) => isRun(block) && block.language === 'sh')
  if (blocks.length === 0) return
  await using folder = await createBlocksFolder()
  const bin = join(root, 'src/cli/bin.ts')
  const lines = blocks.flatMap(({ code }) => code.trimEnd().split('\n'))
  for (const line of lines.filter((line) => !line.startsWith('npm install '))) {
    const [, args] = /^npx kysely-lookup (.+)$/.exec(line) ?? []
    assert.ok(args, `${document.name}: expected npm install or npx kysely-lookup, got ${line}`)
    await expectCommand({
      program: process.execPath,
      args: [bin, ...args.split(' ')],
      cwd: folder.folder,
      env: { DATABASE_URL: databaseUrl },
    })
  }
}

interface BlockResult {
  readonly block: CodeBlock
  readonly output: string
  readonly failure?: string
}

async function runTypeScript(document: Document, databaseUrl: string): Promise<readonly BlockResult[]> {
  await using folder = await createBlocksFolder()
  const blocks = document.blocks.filter((block) => isRun(block) && block.language === 'ts')
  const files: string[] = []
  for (const block of blocks) files.push(await folder.add(document, block))
  if (files.length === 0) return []
  const runner = join(root, 'test/support/documents/run-blocks.ts')
  const entries = JSON.stringify(Object.fromEntries(await packageEntries()))
  const output = await expectCommand({
    program: process.execPath,
    args: [runner, folder.folder, entries, ...files],
    cwd: root,
    env: { DATABASE_URL: databaseUrl },
  })
  const results: Omit<BlockResult, 'block'>[] = JSON.parse(output)
  assert.equal(results.length, blocks.length)
  return results.map((result, at) => ({ ...result, block: blocks[at] as CodeBlock }))
}

function statementsOf(sql: string): string[] {
  return sql
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter(Boolean)
}
