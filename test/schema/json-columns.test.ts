import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Kysely, MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'
import { ConfigurationError } from '../../src/index.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { databaseUser } from '../support/database-user.ts'
import { type AnyDB, type AnyRow, type Lookups, lookups } from '../support/lookups.ts'
import { systemUnderTest } from '../support/server.ts'

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``

const TEXT = '{"a":"größe"}'
const PARSED = { a: 'größe' }

/** Columns that may hold JSON, by what they are called; those that MariaDB's driver parses are marked. */
const COLUMNS: Readonly<Record<string, { readonly type: string; readonly parsed?: true }>> = {
  checked: { type: 'longtext check (json_valid(checked))', parsed: true },
  among: { type: 'longtext check (json_valid(among) and char_length(among) < 100)', parsed: true },
  behind: { type: "text check (behind <> ' or ' and json_valid(behind))", parsed: true },
  medium: { type: 'mediumtext check (json_valid(medium))', parsed: true },
  tiny: { type: 'tinytext check (json_valid(tiny))', parsed: true },
  short: { type: 'varchar(90) check (json_valid(short))', parsed: true },
  fixed: { type: 'char(90) check (json_valid(fixed))', parsed: true },
  latin: { type: 'longtext character set latin1 check (json_valid(latin))', parsed: true },
  'q`uoted"': { type: 'text check (json_valid(`q``uoted"`))', parsed: true },
  bytes: { type: 'longblob check (json_valid(bytes))', parsed: true },
  few_bytes: { type: 'varbinary(90) check (json_valid(few_bytes))', parsed: true },
  either: { type: "longtext check (json_valid(either) or either = '')" },
  other: { type: 'longtext check (json_valid(checked))', parsed: true },
  plain: { type: 'longtext character set utf8mb4 collate utf8mb4_bin' },
  of_table: { type: 'longtext' },
}

describe('JSON in a schema', () => {
  let data: Lookups

  before(async () => {
    const system = await systemUnderTest()
    const maria = system === 'mariadb'
    // MySQL has a type of its own, takes no column's check that names another column, and no JSON from bytes.
    const names = Object.keys(COLUMNS).filter((name) => maria || !/^(other|.*bytes)$/.test(name))
    const columns = names.map((name) => `${quoted(name)} ${COLUMNS[name]!.type}`)
    data = await lookups([
      `create table doc (id int not null primary key, kind int not null default 7, own json, ${columns.join(', ')},
        key by_kind (kind), check (json_valid(of_table)))`,
      `insert into doc values (1, 7, ${['own', ...names].map(() => `'${TEXT}'`).join(', ')})`,
      'create table converted (id int not null primary key, own json, doc longtext check (json_valid(doc)))',
      `insert into converted values (1, '${TEXT}', '${TEXT}')`,
      'alter table converted convert to character set utf8mb3',
      `create view seen as select id, own, checked, of_table, json_object('a', checked) made, concat(own) text from doc`,
      'create table gone (id int primary key)',
      'create view broken as select id, 1 one from gone',
      'drop table gone',
      'create table enforced (id int not null primary key, code varchar(9) unique check (json_valid(code)))',
    ])
    await data.track('doc', 'converted')
  })
  after(() => data[Symbol.asyncDispose]())

  const isParsed = (value: unknown) => typeof value === 'object' && !Buffer.isBuffer(value)

  for (const name of ['doc', 'converted', 'seen']) {
    it(`is typed as it is read: ${name}`, async () => {
      const { tables } = await readSchema(data.db)
      const columns = tables.find(({ metadata }) => metadata.name === name)!.metadata.columns
      const row = (await data.db.selectFrom(name).selectAll().executeTakeFirst()) as AnyRow
      const typed = columns.filter(({ type }) => type === 'json').map((column) => column.name)
      const read = Object.keys(row).filter((column) => isParsed(row[column]))
      assert.deepEqual(typed, read)
      assert.ok(typed.includes('own') && typed.length < columns.length)
      if (data.test.system === 'mariadb' && name === 'doc') {
        const parsed = Object.keys(COLUMNS).filter((column) => COLUMNS[column]!.parsed)
        assert.deepEqual(typed, ['own', ...parsed])
      }
    })
  }

  const cache = { doc: 'versioned', converted: 'versioned' } as const
  for (const options of [
    {},
    { cache },
    { statementForm: 'union_all' },
    { statementForm: 'union_all', cache },
  ] as const) {
    it(`is read the same by repositories: ${JSON.stringify(options)}`, async () => {
      for (const name of ['doc', 'converted']) {
        // Each way from the server, and none from what another one has left behind.
        const fresh = () => data.repositories(options)[name]!
        const plain = await data.db.selectFrom(name).selectAll().executeTakeFirst()
        const lists = [
          await fresh().findByKeys([1]),
          (await fresh().findByKeys([2, 1])).slice(1),
          await fresh().findAllBy({ id: 1 }),
          ...(name === 'doc' ? [await fresh().findAllBy({ kind: 7 })] : []),
          ...('cache' in options ? [await fresh().all()] : []),
        ]
        for (const list of lists)
          assert.deepEqual(
            list.map((row) => ({ ...row })),
            [plain],
          )
        for (const column of data.tables[name]!.columns) {
          if (column.type === 'json') assert.deepEqual(lists[0]![0]?.[column.name], PARSED, column.name)
        }
      }
    })
  }

  it('cannot be a key', async () => {
    const enforced = (await readSchema(data.db)).tables.find(({ metadata }) => metadata.name === 'enforced')!
    const unique = data.test.system === 'mariadb' ? [] : [{ name: 'code', columns: ['code'] }]
    assert.deepEqual(enforced.metadata.uniqueKeys, unique)
  })

  it('is recognized by its checks when the driver is not asked, except in views', async () => {
    const pool = createPool({ uri: data.test.url })
    await using plain = new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool }) })
    const told = (schema: Awaited<ReturnType<typeof readSchema>>) =>
      schema.tables.filter(({ kind }) => kind === 'table').map(({ metadata }) => metadata)
    assert.deepEqual(told(await readSchema(plain)), told(await readSchema(data.db)))
  })

  it('is noticed when it is added or dropped', async () => {
    await using own = await lookups(['create table doc (id int not null primary key, v longtext)'])
    await own.repositories().$ready()
    await own.run('alter table doc modify v longtext check (json_valid(v) and char_length(v) < 9)')
    if (own.test.system === 'mysql') return await own.repositories().$ready()
    await assert.rejects(own.repositories().$ready(), (error: Error) => {
      assert.ok(error instanceof ConfigurationError, String(error))
      assert.match(error.message, /column v has type "json", generated was "longtext"/)
      return true
    })
  })

  it('is typed when a user may read only some columns', async () => {
    await using own = await lookups([
      'create table doc (id int not null primary key, a json, b json, c json, d json, e varchar(9))',
      'create table other (id int not null primary key, a json)',
    ])
    const rights = 'insert (c), select (id, a, b, d, e) on `doc` to'
    await using user = await databaseUser(own, 'execute')
    const { username } = new URL(user.url)
    await own.run(`grant ${rights.replace(' on `', ` on \`${own.test.name}\`.\``)} '${username}'@'%'`)
    const { tables } = await readSchema(user.db)
    const typed = tables.flatMap(({ metadata }) => metadata.columns.map(({ name, type }) => [name, type]))
    const unread = own.test.system === 'mariadb' ? 'longtext' : 'json'
    assert.deepEqual(typed, [
      ['id', 'int'],
      ['a', 'json'],
      ['b', 'json'],
      ['c', unread],
      ['d', 'json'],
      ['e', 'varchar'],
    ])
  })

  it('is found in each of many tables, a broken view among them', async () => {
    const many = Array.from(
      { length: 70 },
      (_, index) => `create table d${index} (id int primary key, v json)`,
    )
    await using own = await lookups([
      ...many,
      'create view c1 as select v from d0',
      'create view c2 as select v from d1',
      'drop table d1',
    ])
    const { tables } = await readSchema(own.db)
    const typed = tables.filter(({ metadata }) => metadata.columns.some(({ type }) => type === 'json'))
    assert.equal(typed.length, 70)
  })
})
