import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { symlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { createRepositories } from '../../src/index.ts'
import { runCommandLine } from '../support/command-line.ts'
import { databaseUser } from '../support/database-user.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups, metadataOf } from '../support/lookups.ts'
import { settleLookups } from '../support/settled-lookups.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

const LIBRARY = JSON.stringify(pathToFileURL(resolve('src/index.ts')).href)

const SENDING = ['tracing:mysql2:execute:start', 'tracing:mysql2:query:start']

/** A service whose user may not create triggers, nor see any, on a database without a version table. */
const SERVICE = `
  import { createDatabase, createRepositories } from ${LIBRARY}
  import { type DB, tables } from './schema.ts'

  export const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })
  export const repos = createRepositories({
    db,
    tables,
    cache: { country: { mode: 'expiring', maxAge: 60_000, refreshAfter: 30_000 } },
  })`

describe('a user without the right TRIGGER', () => {
  let data: Lookups
  let user: Awaited<ReturnType<typeof databaseUser>>

  before(async () => {
    data = await lookups(COUNTRIES)
    user = await databaseUser(data, 'select, insert, update, delete')
  })
  after(async () => {
    await user?.[Symbol.asyncDispose]()
    await data?.[Symbol.asyncDispose]()
  })

  it('generates, checks and runs a service with an expiring table', async () => {
    await using folder = await createTemporaryFolder('without-triggers')
    await folder.write({ 'db.ts': SERVICE })
    await symlink(resolve('node_modules'), folder.join('node_modules'))
    const run = (...args: readonly string[]) =>
      runCommandLine({ args, env: { DATABASE_URL: user.url }, cwd: folder.path })
    const generated = await run('generate', '--out-file', 'schema.ts')
    assert.equal(generated.code, 0, generated.stderr)
    const checked = await run('check', '--repositories', 'db.ts', '--out-file', 'schema.ts', '--json')
    assert.deepEqual([checked.code, JSON.parse(checked.stdout).findings], [0, []], checked.stderr)
  })

  it('reads and writes through it, without a look at versions', async () => {
    const repos = createRepositories({
      db: user.db,
      tables: await metadataOf(user.db),
      cache: { country: { mode: 'expiring', maxAge: 60_000 } },
      versions: { pollInterval: 1 },
    }) as unknown as AnyRepositories
    const sent: string[] = []
    const take = (message: unknown) => sent.push((message as { readonly query: string }).query)
    for (const channel of SENDING) subscribe(channel, take)
    await repos.$ready()
    assert.equal(await repos.country!.preload(), 5)
    await settleLookups(user.db)
    const counts = await data.counter.during(async () => {
      assert.equal((await repos.country!.findByKey('FR'))?.name, 'France')
      assert.equal((await repos.country!.all()).length, 5)
    })
    assert.equal(counts.Com_select, 0)
    await repos.country!.update('FR', { name: 'Gaul' })
    assert.equal((await repos.country!.findByKey('FR'))?.name, 'Gaul')
    await repos.$close()
    for (const channel of SENDING) unsubscribe(channel, take)
    assert.deepEqual(
      sent.filter((text) => /lookup_version/.test(text)),
      [],
    )
    assert.ok(sent.some((text) => /force index/.test(text)))
  })
})
