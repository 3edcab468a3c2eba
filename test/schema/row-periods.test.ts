import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { inspect } from '../support/inspection.ts'
import { lookups } from '../support/lookups.ts'
import { systemUnderTest } from '../support/server.ts'

const system = await systemUnderTest()

const COLUMNS =
  'id int not null, code varchar(10) not null, name varchar(20), unique key plan_code (code), key plan_name (name)'
const KEY = 'primary key (id)'

const period = (type: string, more = '') =>
  `s ${type} generated always as row start ${more}, e ${type} generated always as row end ${more}, period for system_time (s, e)`

const versioned = (columns: string, key = KEY) =>
  `create table plan (${COLUMNS}${columns && `, ${columns}`}, ${key}) engine = InnoDB with system versioning`

/** MariaDB adds the end of the period to unique keys where it is a column. */
const tables: Readonly<Record<string, string>> = {
  'without system versioning': `create table plan (${COLUMNS}, ${KEY})`,
  'with an ordinary column named like a period': `create table plan (${COLUMNS}, row_end int, ${KEY})`,
  ...(system === 'mariadb' && {
    'with system versioning': versioned(''),
    'with the columns of a period': versioned(period('timestamp(6)')),
    'with invisible columns of a period': versioned(period('timestamp(6)', 'invisible')),
    'with the numbers of transactions': versioned(period('bigint unsigned')),
    'with the end of the period in its declared key': versioned(
      period('timestamp(6)'),
      'primary key (id, e)',
    ),
  }),
}

describe('a table', () => {
  for (const [what, create] of Object.entries(tables)) {
    it(`${what} is found and written by the keys of its current rows`, async () => {
      const statements = [
        create,
        "insert into plan (id, code, name) values (1, 'free', 'Old'), (2, 'team', 'Team')",
        "update plan set name = 'Free' where id = 1",
        'create table customer (id int not null primary key, plan_id int, code varchar(10), ' +
          'foreign key (plan_id) references plan (id), foreign key (code) references plan (code))',
        "insert into customer values (7, 1, 'team')",
      ]
      // The end of a current row is the largest number of a transaction.
      await using data = await lookups(statements, { bigint: 'bigint' })
      const { plan, customer } = data.tables
      assert.deepEqual(plan?.primaryKey, ['id'])
      assert.deepEqual(plan?.uniqueKeys, [{ name: 'plan_code', columns: ['code'] }])
      assert.deepEqual(plan?.indexes, [{ name: 'plan_name', columns: ['name'] }])
      assert.deepEqual(Object.keys(customer?.foreignKeys ?? {}).sort(), ['code', 'plan_id'])
      await createVersionTable(data.db)
      await trackVersion(data.db, 'plan')
      for (const cache of [undefined, { plan: 'versioned' }] as const) {
        const repos = data.repositories({ ...(cache && { cache }) })
        assert.equal((await repos.plan!.findByKey(1))?.name, 'Free')
        assert.equal((await repos.plan!.findByKey({ code: 'free' }))?.id, 1)
        assert.equal((await repos.plan!.findAllBy({ name: 'Free' })).length, 1)
        const row = await repos.customer!.findByKeyOrThrow(7)
        assert.equal((await repos.customer!.findReferenced(row, 'plan_id'))?.id, 1)
        assert.equal((await repos.customer!.findReferenced(row, 'code'))?.id, 2)
        assert.equal(await repos.plan!.update(1, { name: 'Gratis' }), 1)
        assert.equal((await repos.plan!.findByKey(1))?.name, 'Gratis')
        assert.equal(await repos.plan!.update({ code: 'free' }, { name: 'Free' }), 1)
        await repos.plan!.insert({ id: 3, code: 'firm', name: 'Firm' })
        assert.equal((await repos.plan!.findByKey({ code: 'firm' }))?.id, 3)
        assert.equal(await repos.plan!.delete(3), 1)
        assert.equal(await repos.plan!.findByKey(3), undefined)
      }
      assert.deepEqual((await inspect(data, { tables: Object.values(data.tables) })).findings, [])
    })
  }
})
