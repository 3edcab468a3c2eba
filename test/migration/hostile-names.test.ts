import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { guardedTables } from '../../src/check/cached-tables.ts'
import { quoteName } from '../../src/database/statement.ts'
import {
  amend,
  dropVersionTable,
  freeze,
  frozenTriggers,
  trackVersion,
  unfreeze,
  untrackVersion,
  versionTriggers,
} from '../../src/migration/index.ts'
import { migrating } from '../support/migration/migrating.ts'

// A server may show a control character in a trigger's body in another way than it was written.
const NAMES = [
  'a\tb',
  'line\nfeed',
  'return\rit',
  '\u001a',
  'bell\u0007',
  "it's",
  'back\\slash',
  '\u00adsoft',
  '日\t本',
]

describe('the migration helpers', () => {
  for (const name of NAMES) {
    it(`track and freeze a table called ${JSON.stringify(name)}`, async () => {
      const table = quoteName(name)
      await using data = await migrating([
        `create table ${table} (id int primary key, label varchar(9)) engine = InnoDB`,
        `insert into ${table} values (1, 'x')`,
      ])
      const { db } = data
      await trackVersion(db, name)
      await freeze(db, name)
      const states = [
        ...(await versionTriggers(db, [name])).get(name)!,
        ...(await frozenTriggers(db, [name])).get(name)!,
      ]
      assert.deepEqual(new Set(states.map(({ state }) => state)), new Set(['live']))
      const tables = data.tables[name] ? [data.tables[name]] : []
      assert.equal((await guardedTables(db as never, tables)).get(name)?.mode, 'immutable')
      assert.ok((await data.moved(name, () => data.run(`insert into ${table} values (2, 'y')`))) > 0)
      await assert.rejects(data.run(`delete from ${table}`), {
        sqlState: '45000',
        message: /is frozen\. Correct/,
      })
      await amend(db, name, (trx) => trx.updateTable(name).set({ label: 'z' }).execute())
      await untrackVersion(db, name)
      await unfreeze(db, name)
      await dropVersionTable(db)
    })
  }
})
