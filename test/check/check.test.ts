import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { tables as referenceTables } from '../../examples/service/schema.ts'
import { checkService } from '../../src/check/all-checks.ts'
import type { CachedTable, CheckTarget } from '../../src/check/check-target.ts'
import type { FindingCode } from '../../src/check/finding.ts'
import { freeze, trackVersion } from '../../src/migration/index.ts'
import { trackingBodyAsBefore } from '../../src/migration/trigger-body.ts'
import { createReferenceDatabase } from '../support/reference-database.ts'

const VERSIONED = ['country', 'currency', 'language', 'time_zone', 'country_currency', 'country_language']

type Reference = Awaited<ReturnType<typeof createReferenceDatabase>>

interface Fault {
  readonly name: string
  /** What is done to the healthy database, and what a person does about the findings. */
  plant(data: Reference): Promise<unknown>
  fix(data: Reference): Promise<unknown>
  readonly target?: Partial<CheckTarget>
  /** Code, table, and a part of the message. */
  readonly findings: readonly [code: FindingCode, table: string | undefined, message: RegExp][]
}

const sql =
  (...statements: readonly string[]) =>
  ({ run }: Reference) =>
    run(...statements)

const faults: Fault[] = [
  {
    name: 'a column that only grew',
    plant: sql('alter table currency modify digits smallint unsigned not null'),
    fix: sql('alter table currency modify digits tinyint unsigned not null'),
    findings: [['grown-column', 'currency', /^column digits has type "smallint", generated was "tinyint"; /]],
  },
  {
    name: 'a column that is gone',
    plant: sql('alter table time_zone drop column abbreviation'),
    fix: sql(
      'alter table time_zone add abbreviation varchar(10) character set ascii collate ascii_general_ci not null',
    ),
    findings: [['stale-table', 'time_zone', /^column abbreviation does not exist$/]],
  },
  {
    name: 'a table that is gone',
    plant: sql('rename table shipment to parcel'),
    fix: sql('rename table parcel to shipment'),
    findings: [['stale-table', 'shipment', /^the table does not exist in this database$/]],
  },
  {
    name: 'a column under another collation',
    plant: sql(
      'alter table language modify name varchar(100) character set utf8mb4 collate utf8mb4_bin not null',
    ),
    fix: sql(
      'alter table language modify name varchar(100) character set utf8mb4 collate utf8mb4_unicode_520_ci not null',
    ),
    findings: [
      [
        'changed-collation',
        'language',
        /^column name has the collation utf8mb4_bin, generated was utf8mb4_unicode_520_ci/,
      ],
    ],
  },
  {
    name: 'a collation and a type at once',
    plant: sql(
      `alter table currency modify digits decimal(3, 0) unsigned not null,
        modify symbol varchar(20) character set utf8mb4 collate utf8mb4_bin null`,
    ),
    fix: sql(
      `alter table currency modify digits tinyint unsigned not null,
        modify symbol varchar(20) character set utf8mb4 collate utf8mb4_unicode_520_ci null`,
    ),
    findings: [
      ['changed-collation', 'currency', /^column symbol has the collation utf8mb4_bin/],
      ['stale-table', 'currency', /^column digits has type/],
    ],
  },
  {
    name: 'a primary key changed from (a, b) to (b, a)',
    plant: sql(
      `alter table country_language add key by_country (country_code),
        drop primary key, add primary key (language_code, country_code)`,
    ),
    fix: sql(
      `alter table country_language drop primary key, add primary key (country_code, language_code),
        drop key by_country`,
    ),
    findings: [
      [
        'stale-table',
        'country_language',
        /^the primary key is \(language_code, country_code\), generated was \(country_code, language_code\)$/,
      ],
      [
        'unserved-key',
        'country_language',
        /^findAllBy\(\{ country_code \}\) is not served by its index: (every row|the whole index PRIMARY) is read$/,
      ],
    ],
  },
  {
    name: 'an index with another column between those that are asked for',
    plant: sql(
      `alter table city drop key city_country_code_population_index,
        add key city_country_code_population_index (country_code, name, population)`,
    ),
    fix: sql(
      `alter table city drop key city_country_code_population_index,
        add key city_country_code_population_index (country_code, population)`,
    ),
    findings: [
      [
        'stale-table',
        'city',
        /^index city_country_code_population_index \(country_code, population\) does not exist$/,
      ],
      [
        'unserved-key',
        'city',
        /^findAllBy\(\{ country_code, population \}\).*: of index city_country_code_population_index only 1 of 2 columns are used$/,
      ],
    ],
  },
  {
    name: 'an index under another name',
    plant: sql('alter table country rename index country_continent_index to by_continent'),
    fix: sql('alter table country rename index by_continent to country_continent_index'),
    findings: [
      ['unserved-key', 'country', /findAllBy\(\{ continent \}\).*no index country_continent_index$/],
    ],
  },
  {
    name: 'a trigger of a versioned table dropped',
    plant: sql('drop trigger lookup_version_update_country'),
    fix: ({ db }) => trackVersion(db, 'country'),
    findings: [
      ['not-tracked', 'country', /^the trigger lookup_version_update_country is missing.*go unnoticed$/],
    ],
  },
  {
    name: 'rows of the version table deleted',
    plant: sql("delete from lookup_version where table_name = 'currency' and slot > 2"),
    fix: ({ db }) => trackVersion(db, 'currency'),
    findings: [['not-tracked', 'currency', /^lookup_version has 3 of its 16 rows/]],
  },
  {
    name: 'no version table',
    plant: sql('rename table lookup_version to elsewhere'),
    fix: sql('rename table elsewhere to lookup_version'),
    findings: [
      ['not-frozen', 'city', /^there is no table lookup_version/],
      ...VERSIONED.map((table): Fault['findings'][number] => [
        'not-tracked',
        table,
        /^there is no table lookup_version/,
      ]),
    ],
  },
  {
    name: 'a trigger of a frozen table dropped',
    plant: sql('drop trigger lookup_frozen_delete_city'),
    fix: ({ db }) => freeze(db, 'city'),
    findings: [['not-frozen', 'city', /^the trigger lookup_frozen_delete_city is missing.*rows can change$/]],
  },
  {
    name: 'triggers that do something else',
    plant: sql(
      'drop trigger lookup_frozen_delete_city',
      'create trigger lookup_frozen_delete_city before delete on city for each row begin end',
      'drop trigger lookup_version_insert_language',
      'create trigger lookup_version_insert_language after insert on currency for each row begin end',
    ),
    fix: async ({ db }) => {
      await freeze(db, 'city')
      await trackVersion(db, 'language')
    },
    findings: [
      ['altered-trigger', 'city', /^the trigger lookup_frozen_delete_city is not as this version/],
      ['altered-trigger', 'language', /^the trigger lookup_version_insert_language is not as this version/],
    ],
  },
  {
    name: 'triggers of an earlier version',
    plant: sql(
      'drop trigger lookup_version_insert_currency',
      `create trigger lookup_version_insert_currency after insert on currency for each row ${trackingBodyAsBefore('currency')}`,
    ),
    fix: ({ db }) => trackVersion(db, 'currency'),
    findings: [
      [
        'outdated-trigger',
        'currency',
        /^the trigger lookup_version_insert_currency is as an earlier version of kysely-lookup made it: .*--skip-add-locks$/,
      ],
    ],
  },
  {
    name: 'a cascade into a frozen table',
    plant: sql(
      'alter table city add constraint city_away foreign key (country_code) references country (code) on delete cascade',
    ),
    fix: sql('alter table city drop foreign key city_away'),
    findings: [['cascade', 'city', /fires no trigger: city_away \(on delete cascade, from country\)$/]],
  },
  {
    name: 'a cascade into a versioned table that came after trackVersion',
    plant: sql(
      'alter table time_zone add constraint zone_away foreign key (country_code) references country (code) on update cascade',
    ),
    fix: ({ db }) => trackVersion(db, 'time_zone'),
    findings: [
      [
        'cascade',
        'time_zone',
        /^changes of country reach it.*lookup_cascade_update_time_zone_\w+ is missing/,
      ],
    ],
  },
  {
    name: 'tables that are not InnoDB',
    plant: sql('alter table lookup_version engine = MyISAM'),
    fix: sql('alter table lookup_version engine = InnoDB'),
    findings: [['not-innodb', 'lookup_version', /^its engine is MyISAM/]],
  },
  {
    name: 'more connections than the server has room for prepared statements',
    plant: async () => {},
    fix: async () => {},
    target: { connections: 1_000_000 },
    findings: [
      [
        'prepared-statements',
        undefined,
        /^(\d+) statements on each of 1000000 connections are \1(?:0{6}), and the server takes \d+ /,
      ],
    ],
  },
]

describe('kysely-lookup check', () => {
  let data: Reference

  before(async () => {
    data = await createReferenceDatabase()
  })
  after(() => data[Symbol.asyncDispose]())

  function healthy(more: Partial<CheckTarget> = {}): CheckTarget {
    const cached = new Map<string, CachedTable>([['city', { mode: 'immutable', maxRows: 200_000 }]])
    for (const table of VERSIONED) cached.set(table, { mode: 'versioned', maxRows: 200_000 })
    const tables = Object.values(referenceTables)
    const db = data.db as unknown as Kysely<unknown>
    return { owner: db, service: db, serviceKnown: true, tables, cached, ...more }
  }

  async function findings(more: Partial<CheckTarget> = {}) {
    const report = await checkService(healthy(more))
    assert.deepEqual(report.skipped, [])
    return report.findings
  }

  it('finds nothing in the healthy reference database', async () => {
    assert.deepEqual(await findings(), [])
    assert.deepEqual(await findings({ statementForm: 'union_all' }), [])
  })

  for (const { name, plant, fix, target, findings: expected } of faults) {
    it(`finds ${name}, and nothing more once that is fixed`, async () => {
      await plant(data)
      const found = await findings(target)
      assert.deepEqual(
        found.map(({ code, table }) => [code, table]),
        expected.map(([code, table]) => [code, table]),
        JSON.stringify(found, undefined, 1),
      )
      for (const [index, [, , message]] of expected.entries()) {
        assert.match(found[index]!.message, message)
        assert.match(found[index]!.fix, /^[A-Z][^\n]+\.$/)
      }
      await fix(data)
      assert.deepEqual(await findings(), [])
    })
  }
})
