import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import type { DatabaseOptions, LookupConnectionOptions } from '../../src/index.ts'
import { columnTypesOf } from '../support/column-types.ts'
import { type AnyDB, type AnyRepositories, lookups } from '../support/lookups.ts'
import { identifyServer, testServerUrl } from '../support/server.ts'

const identity = await identifyServer(await testServerUrl())

const OPTIONS: DatabaseOptions = { bigint: 'bigint', tinyint1: 'boolean', zeroDates: 'null' }

/** Modes that change how a server makes temporary tables, which sorted results pass. */
const MODES = ['', 'ONLY_FULL_GROUP_BY', 'ANSI', 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE']

describe('the rows of lists', async () => {
  const types = columnTypesOf(identity)

  const statements = types.flatMap(({ type, values }, at) => [
    `create table t${at} (id int not null primary key auto_increment, grp int not null, k ${type} null, key by_grp (grp))`,
    ...[...values, 'null'].map((value) => `insert into t${at} (grp, k) values (1, ${value})`),
  ])

  /** Every list is what single rows are. */
  async function assertAlike(list: AnyRepositories, single: AnyRepositories): Promise<void> {
    for (const [at, { type, values }] of types.entries()) {
      const ids = [...values, null].map((_, index) => index + 1)
      const rows = []
      for (const id of ids) rows.push({ ...(await single[`t${at}`]!.findByKey(id)) })
      const [listed, none] = await Promise.all([
        list[`t${at}`]!.findAllBy({ grp: 1 }),
        list[`t${at}`]!.findAllBy({ grp: 2 }),
      ])
      assert.deepEqual(
        listed.map((row) => ({ ...row })),
        rows,
        type,
      )
      assert.deepEqual(none, [])
    }
  }

  for (const mode of MODES) {
    it(`are those that keys find, value by value, in sql_mode '${mode}'`, async () => {
      const setMode = `set sql_mode = '${mode}'`
      const lookupConnections: LookupConnectionOptions = {
        onConnect: (connection) => connection.promise().query(setMode),
      }
      await using data = await lookups(["set sql_mode = 'allow_invalid_dates'", ...statements], {
        ...OPTIONS,
        lookupConnections,
      })
      const single = data.repositories()
      await assertAlike(data.repositories(), single)
      await assertAlike(data.repositories({ statementForm: 'union_all' }), single)
      await data.repositories().$transaction(async (trx) => {
        await sql.raw(setMode).execute(trx.$db as unknown as Kysely<AnyDB>)
        await assertAlike(trx as unknown as AnyRepositories, single)
      })
    })
  }
})
