import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readSchema } from '../../src/schema/read-schema.ts'
import { ALL_RIGHTS, databaseUser } from '../support/database-user.ts'
import { lookups } from '../support/lookups.ts'

const RIGHTS = `${ALL_RIGHTS}, create view, create routine, execute`

describe('a view whose columns the server does not list', () => {
  it('is told from one whose definer is gone', async () => {
    await using data = await lookups([
      'create table base (id int primary key) engine = InnoDB',
      'create table gone (id int primary key) engine = InnoDB',
      'create view of_gone as select * from gone',
      'create view sound as select * from base',
    ])
    await using owner = await databaseUser(data, RIGHTS)
    const user = new URL(owner.url).username
    await data.run(
      `create definer = '${user}'@'%' function unity() returns int deterministic return 1`,
      `create definer = '${user}'@'%' view by_function as select unity() as id from base`,
      `create definer = '${user}'@'%' view by_table as select * from base`,
      'create view over_view as select * from by_function',
      'drop table gone',
    )
    await owner.drop()
    await using reader = await databaseUser(data, RIGHTS)
    for (const db of [data.db, reader.db]) {
      const { tables } = await readSchema(db)
      const reasons = new Map(tables.map(({ metadata, unsupported }) => [metadata.name, unsupported]))
      assert.equal(reasons.get('of_gone'), 'it is a view whose tables or columns are gone')
      assert.equal(reasons.get('sound'), 'it is a view')
      for (const view of ['by_function', 'by_table', 'over_view']) {
        // Where its columns are listed, as always on MySQL, nothing else is asked.
        assert.match(
          reasons.get(view) ?? '',
          /^it is a view( whose definer does not exist: create it again .*)?$/,
        )
      }
      if (data.test.system === 'mariadb')
        assert.match(reasons.get('by_function') ?? '', /whose definer does not exist/)
    }
  })
})
