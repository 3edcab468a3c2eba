import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CamelCasePlugin, type Kysely } from 'kysely'
import { createDatabase } from '../../src/database/create-database.ts'
import { readSchema, type Schema } from '../../src/schema/read-schema.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const HOSTILE = [
  '__proto__',
  'constructor',
  'then',
  'toJSON',
  'select',
  '$request',
  'größe',
  'a-b',
  'a b',
  'a`b',
  `a'b"`,
]

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``

describe('reading the schema', () => {
  let database: TestDatabase
  /** How an index is hidden from the optimizer; undefined where none can be. */
  let hiding: string | undefined
  let db: Kysely<unknown>
  let schema: Schema

  const table = (name: string) => {
    const found = schema.tables.find(({ metadata }) => metadata.name === name)
    assert.ok(found, `no ${name}`)
    return found
  }
  const columns = (name: string) =>
    new Map(table(name).metadata.columns.map(({ name, ...column }) => [name, column]))

  before(async () => {
    database = await createTestDatabase()
    const maria = database.system === 'mariadb'
    hiding = maria ? (database.release >= 1006 ? 'ignored' : undefined) : 'invisible'
    await runStatements(
      database.url,
      `create table types (
        id int auto_increment primary key, tiny tinyint, tiny_un tinyint unsigned, flag boolean not null default 1,
        small smallint, big_un bigint unsigned not null, dec_un decimal(12,3) unsigned, year_ year,
        bits bit(5) default b'101', day date, at0 datetime, at3 datetime(3) default current_timestamp(3),
        at6 timestamp(6) null, dur time(2), ascii_ char(2) character set ascii collate ascii_bin not null,
        old varchar(5) character set utf8mb3 collate utf8mb3_general_ci, txt text, lng longtext,
        uid binary(16), vb varbinary(7), bb longblob, f float, d double(10,2),
        doc json, ${quoted('d`oc')} json not null, place point, gc geometrycollection,
        computed int generated always as (small + 1) stored, virt int as (small * 2),
        dflt int default (1 + 1), nullish varchar(10) default 'NULL', nothing varchar(10) default null,
        e enum('a', 'b''c', 'd\\\\e', 'f,g', 'h)', 'i\\nj', '"', '') not null, s set('x', 'y z') default 'x',
        doubtful enum('😀', 'x')
      ) character set utf8mb4 collate utf8mb4_bin`,
      `create table indexed (
        id int, a varchar(100) not null, b int, fl double, txt text, hidden int, ${maria ? 'long_ text,' : ''}
        primary key (id), unique key u_prefix (a(10)), unique key z_pair (b, a), unique key a_pair (a, b),
        key k_float (fl), fulltext key k_words (txt), key k_desc (b desc),
        ${hiding ? `unique key u_hidden (hidden) ${hiding},` : ''}
        ${maria ? 'unique key u_long (long_)' : 'unique key u_lower ((lower(a)))'}
      ) character set utf8mb4 collate utf8mb4_bin`,
      'create table composite (z int, y int, x int, primary key (y, z), foreign key (x) references indexed (id))',
      'create table keyless (a int)',
      'create table keyed_by_prefix (a varchar(50) not null, primary key (a(5)))',
      'create view seen as select id, doc, at3 from types',
      'create view broken as select a from keyless',
      'drop table keyless',
      'create table keyless (b int)',
      ...HOSTILE.map(
        (name) => `create table ${quoted(name)} (${quoted(name)} int, primary key (${quoted(name)}))`,
      ),
    )
    db = createDatabase({ uri: database.url })
    schema = await readSchema(db)
  })

  after(async () => {
    await db.destroy()
    await database.drop()
  })

  it('describes columns the same on both servers', () => {
    const text = { charset: 'utf8mb4', collation: 'utf8mb4_bin', nullable: true }
    assert.deepEqual(
      columns('types'),
      new Map<string, object>([
        ['id', { type: 'int', hasDefault: true }],
        ['tiny', { type: 'tinyint', nullable: true }],
        ['tiny_un', { type: 'tinyint', unsigned: true, nullable: true }],
        ['flag', { type: 'tinyint', length: 1, hasDefault: true }],
        ['small', { type: 'smallint', nullable: true }],
        ['big_un', { type: 'bigint', unsigned: true }],
        ['dec_un', { type: 'decimal', unsigned: true, precision: 12, scale: 3, nullable: true }],
        ['year_', { type: 'year', nullable: true }],
        ['bits', { type: 'bit', length: 5, nullable: true, hasDefault: true }],
        ['day', { type: 'date', nullable: true }],
        ['at0', { type: 'datetime', precision: 0, nullable: true }],
        ['at3', { type: 'datetime', precision: 3, nullable: true, hasDefault: true }],
        ['at6', { type: 'timestamp', precision: 6, nullable: true }],
        ['dur', { type: 'time', precision: 2, nullable: true }],
        ['ascii_', { type: 'char', length: 2, charset: 'ascii', collation: 'ascii_bin' }],
        ['old', { type: 'varchar', length: 5, ...text, charset: 'utf8mb3', collation: 'utf8mb3_general_ci' }],
        ['txt', { type: 'text', ...text }],
        ['lng', { type: 'longtext', ...text }],
        ['uid', { type: 'binary', length: 16, nullable: true }],
        ['vb', { type: 'varbinary', length: 7, nullable: true }],
        ['bb', { type: 'longblob', nullable: true }],
        ['f', { type: 'float', nullable: true }],
        ['d', { type: 'double', nullable: true }],
        ['doc', { type: 'json', nullable: true }],
        ['d`oc', { type: 'json' }],
        ['place', { type: 'point', nullable: true }],
        ['gc', { type: 'geometrycollection', nullable: true }],
        ['computed', { type: 'int', nullable: true, generated: true }],
        ['virt', { type: 'int', nullable: true, generated: true }],
        ['dflt', { type: 'int', nullable: true, hasDefault: true }],
        ['nullish', { type: 'varchar', length: 10, ...text, hasDefault: true }],
        ['nothing', { type: 'varchar', length: 10, ...text }],
        [
          'e',
          {
            type: 'enum',
            charset: 'utf8mb4',
            collation: 'utf8mb4_bin',
            values: ['a', "b'c", 'd\\e', 'f,g', 'h)', 'i\nj', '"', ''],
          },
        ],
        ['s', { type: 'set', ...text, values: ['x', 'y z'], hasDefault: true }],
        ['doubtful', { type: 'enum', ...text }],
      ]),
    )
  })

  it('lists usable keys by name, and leaves others out with a reason', () => {
    const { metadata, omittedIndexes, unsupported } = table('indexed')
    assert.equal(unsupported, undefined)
    assert.deepEqual(metadata.primaryKey, ['id'])
    assert.deepEqual(metadata.uniqueKeys, [
      { name: 'a_pair', columns: ['a', 'b'] },
      { name: 'z_pair', columns: ['b', 'a'] },
    ])
    assert.deepEqual(metadata.indexes, [{ name: 'k_desc', columns: ['b'] }])
    const maria = database.system === 'mariadb'
    assert.deepEqual(
      omittedIndexes.map(({ name, unique, reason }) => [name, unique, reason]),
      [
        [
          'k_float',
          false,
          'fl is DOUBLE, which cannot be a key: two values that print alike need not be equal',
        ],
        ['k_words', false, 'it is a FULLTEXT index'],
        ...(hiding ? [['u_hidden', true, 'the server ignores it (it is invisible)']] : []),
        ...(maria
          ? [
              [
                'u_long',
                true,
                'it is a hash index, as MariaDB makes for unique columns that are too long for a tree',
              ],
            ]
          : [['u_lower', true, 'it is over an expression']]),
        ['u_prefix', true, 'it covers only the first 10 characters or bytes of a'],
      ],
    )
  })

  it('lists a composite primary key in key order, and columns in table order', () => {
    const { metadata } = table('composite')
    assert.deepEqual(metadata.primaryKey, ['y', 'z'])
    assert.deepEqual(
      metadata.columns.map(({ name }) => name),
      ['z', 'y', 'x'],
    )
    assert.deepEqual(
      metadata.indexes.map(({ columns }) => columns),
      [['x']],
    )
  })

  it('says why views and tables without a usable primary key are unsupported', () => {
    const reasons = ['keyless', 'keyed_by_prefix', 'seen', 'broken'].map((name) => table(name).unsupported)
    assert.deepEqual(reasons, [
      'it has no primary key',
      'its primary key is of no use: it covers only the first 5 characters or bytes of a',
      'it is a view',
      'it is a view whose tables or columns are gone',
    ])
    assert.deepEqual([...columns('seen').keys()], ['id', 'doc', 'at3'])
    assert.equal(columns('seen').get('doc')?.type, 'json')
    assert.equal(columns('seen').get('at3')?.hasDefault, undefined)
  })

  it('keeps hostile names as they are, and tables in an order that no locale changes', () => {
    for (const name of HOSTILE) assert.deepEqual(table(name).metadata.primaryKey, [name])
    const names = schema.tables.map(({ metadata }) => metadata.name)
    assert.deepEqual(names, names.toSorted())
  })

  it('reads only the named tables, whatever plugins the database has', async () => {
    const camel = db.withPlugin(new CamelCasePlugin())
    const some = await readSchema(camel, { tables: ['then', 'THEN', 'missing', 'composite'] })
    assert.deepEqual(some.tables, [table('composite'), table('then')])
    assert.equal(some.database, database.name)
    assert.equal(some.system, database.system)
  })

  it('is refused on a connection without a database', async () => {
    await using database = await createTestDatabase()
    const url = new URL(database.url)
    url.pathname = ''
    await using db = createDatabase({ uri: url.href })
    await assert.rejects(readSchema(db), { name: 'ConfigurationError', message: /no database selected/ })
  })
})
