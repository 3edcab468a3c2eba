import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { checkService } from '../../src/check/all-checks.ts'
import type { CachedTable } from '../../src/check/check-target.ts'
import { ConfigurationError, createDatabase, createRepositories } from '../../src/index.ts'
import type { TableMetadata } from '../../src/metadata.ts'
import {
  createVersionTable,
  trackVersion,
  untrackVersion,
  versionTriggers,
} from '../../src/migration/index.ts'
import type { ThrowawayServer } from '../../src/testing/server/throwaway-server.ts'
import { runCommandLine } from '../support/command-line.ts'
import { assertFindings } from '../support/inspection.ts'
import { type AnyDB, metadataOf } from '../support/lookups.ts'
import { startPrivateServer } from '../support/private-server.ts'
import { runStatements } from '../support/server.ts'

describe('a server with lower_case_table_names = 1', () => {
  let server: ThrowawayServer
  let url: string
  let db: Kysely<AnyDB>
  let city: TableMetadata

  before(async () => {
    server = await startPrivateServer('--lower-case-table-names=1')
    await runStatements(server.url, 'create database Shop')
    url = `${server.url}Shop`
    await runStatements(
      url,
      'create table City (Id int primary key, Name varchar(20), key (Name)) engine = InnoDB',
      "insert into City values (1, 'Paris')",
    )
    db = createDatabase<AnyDB>({ uri: url })
    city = (await metadataOf(db)).city!
  })
  after(async () => {
    await db?.destroy()
    await server?.stop()
  })

  const inspect = (
    tables: readonly TableMetadata[],
    cached: ReadonlyMap<string, CachedTable> = new Map(),
  ) => {
    const owner = db as unknown as Kysely<unknown>
    return checkService({ owner, service: owner, serviceKnown: true, tables, cached })
  }

  it('is generated from, and passes the check of what was generated there', async () => {
    const env = { DATABASE_URL: url }
    const { code, stdout } = await runCommandLine({ args: ['generate', '--print'], env, cwd: '/' })
    assert.equal(code, 0)
    assert.match(stdout, /\n {2}city: City\n/)
    assert.deepEqual((await inspect([city])).findings, [])
  })

  for (const name of ['City', 'CITY']) {
    it(`is reported where it names a table differently from a file of another server: ${name}`, async () => {
      const message = new RegExp(
        `^the server calls the table city, generated was ${name}: its lower_case_table_names `,
      )
      assertFindings((await inspect([{ ...city, name }])).findings, [['stale-table', name, message]])
      const tables = { [name]: { ...city, name } }
      const repos = createRepositories({ db, tables })
      await assert.rejects(repos.$ready(), (error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.match(
          error.message,
          new RegExp(`^${name}: .*the server calls the table city, generated was ${name}`),
        )
        return true
      })
      await repos.$close()
    })
  }

  it('does not know a table that is not there', async () => {
    assertFindings((await inspect([{ ...city, name: 'Village' }])).findings, [
      ['stale-table', 'Village', /^the table does not exist in this database$/],
    ])
  })

  it('tracks a table under any spelling of its name', async () => {
    await createVersionTable(db)
    await trackVersion(db, 'City')
    for (const name of ['City', 'city', 'CITY']) {
      const states = (await versionTriggers(db, [name])).get(name) ?? []
      assert.deepEqual(
        states.map(({ state }) => state),
        ['live', 'live', 'live'],
      )
    }
    const cached = new Map([['city', { mode: 'versioned', maxRows: 10 } as const]])
    assert.deepEqual((await inspect([city], cached)).findings, [])
    await untrackVersion(db, 'CITY')
    assert.deepEqual(await runStatements(url, 'show triggers'), [])
  })
})
