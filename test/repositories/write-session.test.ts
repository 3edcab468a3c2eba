import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { ConfigurationError, createDatabase } from '../../src/index.ts'
import { type Alteration, alter, alterations, alterationTables } from '../support/alterations.ts'
import { type AnyDB, type Lookups, lookups } from '../support/lookups.ts'
import { createTestDatabase, systemUnderTest } from '../support/server.ts'

const system = await systemUnderTest()
const other = await createTestDatabase()

/** Texts and moments that another charset, mode or time zone would make others of. */
const ROW = { id: 9, name: "中\\'ü", code: "\\'", at: new Date('2020-06-01T00:00:00Z') }

/** What keeps a write from doing what it says. */
const HARMFUL = /database|temporary|character_set_client|time_zone|NO_BACKSLASH|EMPTY_STRING/

describe('a write through repositories, and what a program has done to the session', () => {
  let data: Lookups
  const openDatabase = () =>
    createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 1, multipleStatements: true })
  /** Without the row that some of them change themselves. */
  const rows = (database: string) =>
    data.run(`select id, name, code, cast(at as char) at from ${database}.plan where id <> 2 order by id`)

  before(async () => {
    data = await lookups(alterationTables(other.name, system))
  })
  after(async () => {
    await data[Symbol.asyncDispose]()
    await other.drop()
  })
  beforeEach(() =>
    data.run(
      'delete from plan',
      `insert into plan values (1, 'Free', 'ü', '2020-01-02'), (2, 'Team', '?', '2020-01-02'), (3, 'Firm', 'long', '2020-01-02')`,
    ),
  )

  const all: readonly Alteration[] = [
    ...alterations(other.name).filter(
      ({ only, what }) => (only ?? system) === system && !what.includes('distributed'),
    ),
    { what: 'updates only by key', statements: ['set sql_safe_updates = 1'] },
    { what: 'a limit of rows to examine', statements: ['set sql_big_selects = 0, max_join_size = 1'] },
  ]

  for (const alteration of all) {
    it(`left with ${alteration.what}: it does what it says, where it says`, async () => {
      await using db = openDatabase()
      const repos = data.repositories({ db })
      const foreign = await rows(other.name)
      const leave = () => db.connection().execute((held) => alter(held, alteration))
      await leave()
      assert.equal(await repos.plan!.insert(ROW), 1)
      await leave()
      assert.equal(await repos.plan!.update({ code: "\\'" }, { name: 'é😀\\', at: ROW.at }), 1)
      await leave()
      assert.equal(await repos.plan!.delete({ code: 'ü' }), 1)
      await leave()
      assert.equal(await repos.plan!.update({ code: '中' }, { name: 'x' }), 0)
      await leave()
      assert.equal(await repos.plan!.delete({ code: "' or id > 0 -- " }), 0)
      assert.deepEqual(await rows(data.test.name), [
        { id: 3, name: 'Firm', code: 'long', at: '2020-01-02 00:00:00' },
        { id: 9, name: 'é😀\\', code: "\\'", at: '2020-06-01 00:00:00' },
      ])
      assert.deepEqual(await rows(other.name), foreign)
    })
  }

  for (const alteration of all) {
    if (!alteration.refused || !HARMFUL.test(String(alteration.refused))) continue
    it(`in a transaction altered by ${alteration.what}: it is refused, and the transaction goes on`, async () => {
      await using db = openDatabase()
      const repos = data.repositories({ db })
      const [mine, foreign] = [await rows(data.test.name), await rows(other.name)]
      await repos.$transaction(async (trx) => {
        const { plan } = trx
        assert.equal(await plan!.update(3, { name: 'before' }), 1)
        await alter(trx.$db as unknown as Kysely<AnyDB>, alteration)
        for (const write of [
          () => plan!.insert(ROW),
          () => plan!.update({ code: '中' }, { name: 'x' }),
          () => plan!.delete(1),
        ]) {
          await assert.rejects(write(), (error) => {
            assert.ok(error instanceof ConfigurationError)
            assert.equal(error.kind, 'session')
            return true
          })
        }
      })
      assert.deepEqual(
        await rows(data.test.name),
        mine.map((row) => (row.id === 3 ? { ...row, name: 'before' } : row)),
      )
      assert.deepEqual(await rows(other.name), foreign)
      // Its connection is not used any more.
      assert.equal(await repos.$transaction((trx) => trx.plan!.update(1, { name: 'after' })), 1)
      assert.equal((await repos.plan!.findByKey(1))?.name, 'after')
    })
  }
})
