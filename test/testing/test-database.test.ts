import assert from 'node:assert/strict'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createDatabase } from '../../src/index.ts'
import { createTestDatabase, migrate } from '../../src/testing/index.ts'
import { refusal } from '../support/migration/migrating.ts'
import { runStatements, testServerUrl } from '../support/server.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

const server = await testServerUrl()

const CREATE_PLAN = `
import { sql } from 'kysely'
export async function up(db) {
  await sql\`create table plan (id int primary key auto_increment, name varchar(20) not null)\`.execute(db)
}`

describe('a test database', () => {
  it('is new, empty and in utf8mb4, and is dropped at the end of its block', async () => {
    let url: string
    {
      await using database = await createTestDatabase({ server, name: 'shop' })
      url = database.url
      assert.match(database.name, /^shop_test_[\da-f]{8}$/)
      const [row] = await runStatements(url, 'select database() name, @@character_set_database charset')
      assert.deepEqual({ ...row }, { name: database.name, charset: 'utf8mb4' })
      assert.deepEqual(await runStatements(url, 'show tables'), [])
    }
    await assert.rejects(runStatements(url, 'select 1'), { code: 'ER_BAD_DB_ERROR' })
  })

  it('runs the migrations of a folder once, and records them as kysely-ctl does', async () => {
    await using folder = await folderOf({ '0001_plan.mjs': CREATE_PLAN, 'notes.txt': 'no migration' })
    await using database = await createTestDatabase({ server, migrations: folder.path })
    const noted = await runStatements(database.url, 'select name from kysely_migration')
    assert.deepEqual(
      noted.map(({ name }) => name),
      ['0001_plan'],
    )
    await writeFile(join(folder.path, '0002_rows.mjs'), CREATE_PLAN.replace('plan', 'tariff'))
    await using db = createDatabase({ uri: database.url })
    assert.deepEqual(await migrate(db, { folder: folder.path }), ['0002_rows'])
    assert.deepEqual(await migrate(db, { folder: folder.path }), [])
  })

  it('is dropped when a migration fails, with an error that says why', async () => {
    const failing = CREATE_PLAN.replace('primary key', 'primary kex')
    await using folder = await folderOf({ '0001_plan.mjs': CREATE_PLAN, '0002_failing.mjs': failing })
    const failure = createTestDatabase({ server, name: 'failing', migrations: folder.path })
    await assert.rejects(failure, (error: Error) => {
      assert.equal(error.message, 'migrate: the migration 0002_failing failed. The cause says why.')
      assert.match((error.cause as Error).message, /kex auto_increment/)
      return refusal()(error)
    })
    assert.deepEqual(await runStatements(server, "show databases like 'failing%'"), [])
  })

  it('refuses a folder that is missing or has no migrations', async () => {
    await using folder = await folderOf({ 'notes.txt': '' })
    for (const path of [folder.path, join(folder.path, 'none')]) {
      await assert.rejects(
        createTestDatabase({ server, migrations: path }),
        refusal(
          path === folder.path
            ? 'and found none. Name the folder of the files that export up(db).'
            : 'could not be loaded',
        ),
      )
    }
  })

  for (const wrong of ['postgres://user:secret@host/', 'secret', 7]) {
    it(`refuses ${typeof wrong} ${wrong} as a server, without repeating it`, async () => {
      await assert.rejects(createTestDatabase({ server: wrong as string }), (error: Error) => {
        assert.doesNotMatch(error.message, /secret@|7/)
        return refusal('expected as server')(error)
      })
    })
  }
})

/** A folder whose files find Kysely. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const folder = await createTemporaryFolder('migrations')
  await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), folder.join('node_modules'))
  await folder.write(files)
  return folder
}
