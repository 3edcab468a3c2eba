import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type CommandResult, runCommand } from '../support/package/command.ts'
import { runStatements, testServerUrl } from '../support/server.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const support = (name: string) => JSON.stringify(import.meta.resolve(`../support/${name}.ts`))

const HEAD = `
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { it } from 'node:test'
import { createHoldingPool } from ${support('races/held-statements')}
import { frameworks } from ${support('frameworks/servers')}
import { lookups, numbered } from ${support('lookups')}
`

const FILES: Readonly<Record<string, string>> = {
  'registered.test.ts': `${HEAD}
it('fails with connections, polls and servers open', async () => {
  const data = await lookups(numbered('city', 3))
  const repos = data.repositories({ versions: { pollInterval: 5 } })
  await frameworks.Express(repos, { json: () => repos.city.findByKey(1) })
  const holding = createHoldingPool(data.test.url)
  await holding.options.pool.promise().query('select 1')
  console.log('database ' + data.test.name)
  assert.equal((await repos.city.findByKey(1)).label, 'planted')
  await data[Symbol.asyncDispose]()
})`,
  'unregistered.test.ts': `${HEAD}
it('fails with a server open', async () => {
  const server = createServer().listen(0)
  assert.equal(1, 2)
  server.close()
})`,
  'passing.test.ts': `${HEAD}
it('passes with a server open', async () => {
  createServer().listen(0)
})`,
}

describe('a test file that fails', { concurrency: true, timeout: 300_000 }, () => {
  let folder: TemporaryFolder

  before(async () => {
    folder = await createTemporaryFolder('failing-files')
    await folder.write(FILES)
  })
  after(() => folder[Symbol.asyncDispose]())

  /** As `npm test FILE` does it, on the server that this file has for itself. */
  async function run(file: string): Promise<CommandResult> {
    return await runCommand({
      program: process.execPath,
      args: ['test/run.ts', folder.join(file)],
      cwd: root,
      env: { DATABASE_URL: await testServerUrl() },
    })
  }

  it('closes what helpers opened for it', async () => {
    const { code, output } = await run('registered.test.ts')
    assert.equal(code, 1)
    assert.match(output, /\n0 passed, 1 failed\n$/)
    assert.match(output, /'row 1' !== 'planted'/)
    assert.doesNotMatch(output, /still open/)
    const [, name] = /^database (\w+)$/m.exec(output) ?? []
    assert.deepEqual(await runStatements(await testServerUrl(), `show databases like '${name}'`), [])
  })

  it('ends all the same when something else is open, and says what', async () => {
    const { code, output } = await run('unregistered.test.ts')
    assert.equal(code, 1)
    assert.match(output, /this is still open: [^\n]*TCPServerWrap/)
    assert.match(output, /\n0 passed, 1 failed\n$/)
  })

  it('is also one whose tests pass and leave something open', async () => {
    const { code, output } = await run('passing.test.ts')
    assert.equal(code, 1)
    assert.match(output, /this is still open: [^\n]*TCPServerWrap/)
    assert.match(output, /\n1 passed, 1 failed\n$/)
  })
})
