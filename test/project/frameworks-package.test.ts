import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { COUNTRIES } from '../support/lookups.ts'
import { runCommand } from '../support/package/command.ts'
import { type Consumer, createConsumer } from '../support/package/consumer.ts'
import { FRAMEWORK_PROGRAM } from '../support/package/framework-program.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

describe('the package, installed beside Fastify, Express and Hono', () => {
  let consumer: Consumer
  let database: TestDatabase

  const inProject = (program: string, ...args: string[]) =>
    runCommand({ program, args, cwd: consumer.folder, env: { DATABASE_URL: database.url } })

  before(async () => {
    database = await createTestDatabase()
    await runStatements(database.url, ...COUNTRIES)
    consumer = await createConsumer({ packages: ['express', '@types/express', '@hono/node-server'] })
    await mkdir(join(consumer.folder, 'src'))
  })
  after(async () => {
    await consumer?.[Symbol.asyncDispose]()
    await database?.drop()
  })

  it('compiles with their types, and opens and ends the scopes of their requests', async () => {
    const generated = await inProject(
      consumer.command('kysely-lookup'),
      ...['generate', '--url', database.url, '--out-file', 'src/schema.ts'],
    )
    assert.equal(generated.code, 0, generated.errors)
    await consumer.write('src/program.ts', FRAMEWORK_PROGRAM)
    assert.deepEqual(await inProject(consumer.command('tsc'), '--pretty', 'false'), {
      code: 0,
      output: '',
      errors: '',
    })
    const ran = await inProject(process.execPath, 'src/program.ts')
    assert.equal(ran.errors, '')
    const each = { text: 'France true', statements: 1, status: 500, open: 1, reason: 'AbortError' }
    assert.deepEqual(JSON.parse(ran.output), { fastify: each, express: each, hono: each })
  })
})
