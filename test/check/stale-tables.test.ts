import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FindingCode } from '../../src/check/finding.ts'
import { ConfigurationError } from '../../src/index.ts'
import type { TableMetadata } from '../../src/metadata.ts'
import { freeze, trackVersion } from '../../src/migration/index.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { databaseUser } from '../support/database-user.ts'
import { assertFindings, cached, inspect } from '../support/inspection.ts'
import { metadataOf } from '../support/lookups.ts'
import { CITIES, migrating } from '../support/migration/migrating.ts'
import { systemUnderTest } from '../support/server.ts'
import { readStatementForms } from '../support/statement-forms.ts'

const system = await systemUnderTest()

const FORMS = await readStatementForms()

const text = (charset: string, collation: string) => `character set ${charset} collate ${collation}`
const GENERATED = text('utf8mb4', 'utf8mb4_general_ci')

/** Columns that are keys, alone, in parts, and for lists. */
const labels = (charset: string) => [
  `create table label (code char(9) ${charset} not null, lang char(2) ${charset} not null,
    kind enum('a', 'b') ${charset} not null, slug varchar(50) ${charset} not null,
    primary key (code, lang), unique key (slug), key (kind, lang)) engine = InnoDB`,
]

const CHANGES: readonly (readonly [charset: string, collation: string])[] = [
  ['utf8mb4', 'utf8mb4_bin'],
  ['utf8mb4', 'utf8mb4_unicode_520_ci'],
  ['utf8mb3', 'utf8mb3_general_ci'],
  ['latin1', 'latin1_swedish_ci'],
  ['latin1', 'latin1_bin'],
  ['ascii', 'ascii_general_ci'],
]

const COLUMNS = ['code', 'lang', 'kind', 'slug']

describe('kysely-lookup check: a table that is not as it was generated', () => {
  for (const [charset, collation] of CHANGES) {
    it(`reports its columns under ${collation}, and no plan of its own statements`, async () => {
      await using data = await migrating(labels(GENERATED))
      const tables = Object.values(await metadataOf(data.db))
      await data.run(`alter table label convert to ${text(charset, collation)}`)
      for (const statementForm of FORMS) {
        const { findings } = await inspect(data, { tables, statementForm })
        const expected = COLUMNS.map(
          (name) =>
            [
              'changed-collation',
              'label',
              new RegExp(`^column ${name} has the collation ${collation}`),
            ] as const,
        )
        assertFindings(findings, expected)
      }
    })
  }

  const foreign =
    system === 'mariadb'
      ? ['utf8mb4_0900_as_cs', 'utf8mb4_ja_0900_as_cs']
      : ['utf8mb4_uca1400_ai_ci', 'utf8mb4_nopad_bin']
  for (const collation of [...foreign, 'utf8mb4_klingon_ci']) {
    it(`reports the collation of a file that was generated on another system: ${collation}`, async () => {
      await using data = await migrating(labels(GENERATED))
      const tables = Object.values(await metadataOf(data.db)).map(
        (table): TableMetadata => ({
          ...table,
          columns: table.columns.map((column) => ({ ...column, collation })),
        }),
      )
      for (const statementForm of FORMS) {
        const { findings } = await inspect(data, {
          tables: tables.filter(({ name }) => name === 'label'),
          statementForm,
        })
        const about = findings.map(({ code, message }) => [
          code,
          message.includes(`generated was ${collation}:`),
        ])
        assert.deepEqual(
          about,
          COLUMNS.map(() => ['changed-collation', true]),
        )
      }
    })
  }

  it('reports a changed type alone, and keeps looking at the plans of sound tables', async () => {
    await using data = await migrating([...labels(GENERATED), ...CITIES])
    const tables = Object.values(await metadataOf(data.db))
    await data.run(
      'alter table label modify slug int not null',
      'alter table city drop primary key, add key (id)',
    )
    assertFindings((await inspect(data, { tables })).findings, [
      ['stale-table', 'city', /^it has no primary key$/],
      ['stale-table', 'label', /^column slug has type "int"/],
      ['unserved-key', 'city', /findByKey\(\{ id \}\).*no index PRIMARY/],
      ['unserved-key', 'city', /findAllBy\(\{ id \}\)/],
    ])
  })
})

describe('kysely-lookup check: rights that make tables look stale', () => {
  const grants: readonly (readonly [name: string, ...rights: string[]])[] = [
    ['some columns', 'select (id, name) on DB.city', 'select on DB.lookup_version'],
    ['a key alone', 'select (id) on DB.city', 'select on DB.lookup_version'],
    ['another table', 'select on DB.lookup_version'],
  ]
  for (const [name, ...rights] of grants) {
    it(`finds a right that is for ${name} only, and repositories name it`, async () => {
      await using data = await migrating(CITIES)
      const tables = Object.values(await metadataOf(data.db))
      await using service = await databaseUser(data, 'insert')
      const user = new URL(service.url).username
      for (const right of rights) {
        await data.run(`grant ${right.replace('DB', data.test.name)} to '${user}'@'%'`)
      }
      await data.run(`revoke insert on ${data.test.name}.* from '${user}'@'%'`)
      const { findings } = await inspect(data, { tables, owner: service.db, service: service.db })
      assertFindings(findings, [['missing-right', 'city', /^SELECT command denied to user 'lookup_\w+'/i]])
      assert.match(findings[0]!.fix, /^Grant SELECT .* migrate\.$/)
      const repos = data.repositories({ db: service.db })
      await assert.rejects(repos.$table('city').findByKey(1), (error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.equal(error.kind, 'rights')
        assert.match(error.message, /^city: the database user may not read it: SELECT command denied/i)
        return true
      })
      await repos.$close()
    })
  }

  it('still finds what is gone, for a user who may read the table', async () => {
    await using data = await migrating(CITIES)
    const tables = Object.values(await metadataOf(data.db))
    await data.run('alter table city drop column country')
    await using reader = await databaseUser(data, 'select')
    assertFindings((await inspect(data, { tables, owner: reader.db, service: reader.db })).findings, [
      ['stale-table', 'city', /^column country does not exist$/],
    ])
  })
})

describe('kysely-lookup check: tables of other engines', () => {
  const engines = ['MyISAM', 'MEMORY', ...(system === 'mariadb' ? ['Aria'] : [])]
  for (const engine of engines) {
    it(`finds nothing in a ${engine} table with no row, with one and with many`, async () => {
      await using data = await migrating([
        `create table x (id int not null, name varchar(9) not null, primary key using btree (id),
          unique key using btree (name)) engine = ${engine}`,
      ])
      for (const rows of [[], [1], Array.from({ length: 200 }, (_, index) => index + 2)]) {
        for (const id of rows) await data.run(`insert into x values (${id}, 'n${id}')`)
        for (const statementForm of FORMS) {
          assert.deepEqual((await inspect(data, { statementForm })).findings, [])
        }
      }
    })
  }

  it('says of a hash index in a MEMORY table how to make it searchable', async () => {
    await using data = await migrating([
      'create table m (id int primary key, name varchar(9), key by_name (name)) engine = MEMORY',
      ...(system === 'mariadb'
        ? ['create table l (id int primary key, body text, unique key by_body (body))']
        : []),
    ])
    const { tables } = await readSchema(data.db)
    const reasons = tables.flatMap(({ metadata, omittedIndexes }) =>
      omittedIndexes.map(({ reason }) => [metadata.name, reason] as const),
    )
    const long = 'it is a hash index, as MariaDB makes for unique columns that are too long for a tree'
    assert.deepEqual(reasons, [
      ...(system === 'mariadb' ? [['l', long]] : []),
      ['m', 'it is a hash index, as MEMORY tables have by default; create it USING BTREE'],
    ])
  })
})

describe('kysely-lookup check: tables that nothing guards', () => {
  const TABLES = ['a', 'b', 'c']
  const parents = TABLES.flatMap((name) => [
    `create table parent_${name} (id int primary key) engine = InnoDB`,
    `create table ${name} (id int primary key, parent int,
      foreign key (parent) references parent_${name} (id) on delete cascade) engine = InnoDB`,
  ])
  const plain = TABLES.map((name) => `create table ${name} (id int primary key) engine = InnoDB`)

  const codesOf = (code: FindingCode) => TABLES.map((table) => [code, table])

  it('has one finding for each', async () => {
    await using data = await migrating(parents)
    const given = { cached: cached({ a: 'versioned', b: 'versioned', c: 'versioned' }) }
    const { findings } = await inspect(data, given)
    assert.deepEqual(
      findings.map(({ code, table }) => [code, table]),
      codesOf('not-tracked'),
    )
    for (const { message } of findings) {
      assert.equal(
        message,
        'it has no triggers, and lookup_version has 0 of its 16 rows, so that changes go unnoticed',
      )
    }
  })

  it('has one finding for each that is not frozen, and one for each that is half so', async () => {
    await using data = await migrating(plain)
    const given = { cached: cached({ a: 'immutable', b: 'immutable', c: 'immutable' }) }
    const { findings } = await inspect(data, given)
    assert.deepEqual(
      findings.map(({ code, table }) => [code, table]),
      codesOf('not-frozen'),
    )
    assert.match(findings[0]!.message, /^it has no triggers, and .* so that rows can change$/)
    for (const table of TABLES) await freeze(data.db, table)
    await data.run(
      'drop trigger lookup_frozen_update_a',
      "delete from lookup_version where slot > 4 and table_name = 'a'",
    )
    assertFindings((await inspect(data, given)).findings, [
      [
        'not-frozen',
        'a',
        /^the trigger lookup_frozen_update_a is missing, and lookup_version has 5 of its 16 rows, so that rows can change$/,
      ],
    ])
  })

  it('has one finding for several triggers that are missing or altered', async () => {
    await using data = await migrating(parents)
    for (const table of TABLES) await trackVersion(data.db, table)
    const parent = (await data.triggers()).filter((name) => name.startsWith('lookup_cascade_delete_c'))
    await data.run(
      'drop trigger lookup_version_insert_a',
      'drop trigger lookup_version_update_a',
      ...['insert', 'delete'].flatMap((event) => [
        `drop trigger lookup_version_${event}_b`,
        `create trigger lookup_version_${event}_b after ${event} on b for each row begin end`,
      ]),
      ...parent.map((name) => `drop trigger ${name}`),
    )
    const given = { cached: cached({ a: 'versioned', b: 'versioned', c: 'versioned' }) }
    assertFindings((await inspect(data, given)).findings, [
      [
        'not-tracked',
        'a',
        /^the triggers lookup_version_insert_a, lookup_version_update_a are missing, so that/,
      ],
      [
        'altered-trigger',
        'b',
        /^the triggers lookup_version_insert_b, lookup_version_delete_b are not as .* them, so/,
      ],
      [
        'cascade',
        'c',
        /^changes of parent_c reach it by a foreign key, and the trigger lookup_cascade_delete_c_\w+ is missing there/,
      ],
    ])
  })
})
