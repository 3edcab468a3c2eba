import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { CamelCasePlugin, type CamelCasePluginOptions, type Kysely } from 'kysely'
import {
  ConfigurationError,
  createDatabase,
  createRepositories,
  type TablesMetadata,
} from '../../src/index.ts'
import type { AnyDB, AnyRepositories } from '../support/lookups.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'
import { readStatementForms } from '../support/statement-forms.ts'

const run = promisify(execFile)

const STATEMENTS = [
  `create table country_language (
    country_code char(2) character set ascii collate ascii_bin not null,
    language_code char(3) character set ascii collate ascii_bin not null,
    official_since date,
    speaker_count bigint not null,
    extra_data json not null,
    line_1 varchar(20) character set ascii collate ascii_bin,
    primary key (country_code, language_code),
    unique key by_language (language_code, country_code),
    key by_count (speaker_count)
  )`,
  `insert into country_language values ('CH', 'gsw', null, 4600000, '{"first_seen": {"in_year": 1291}}', 'x'),
    ('CH', 'roh', '1938-02-20', 40000, '[]', null)`,
]

describe('under CamelCasePlugin', () => {
  let database: TestDatabase
  let folder: string

  before(async () => {
    database = await createTestDatabase()
    await runStatements(database.url, ...STATEMENTS)
    folder = await mkdtemp(join(tmpdir(), 'camel-case-'))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  })

  after(async () => {
    await database.drop()
    await rm(folder, { recursive: true })
  })

  const commandLine = (...args: string[]) =>
    run(process.execPath, [resolve('src/cli/bin.ts'), 'generate', ...args])

  /** What an application imports after `kysely-lookup generate`. */
  async function generate(name: string, ...flags: string[]): Promise<TablesMetadata> {
    const file = join(folder, name)
    const source = flags.includes('--config') ? [] : ['--url', database.url]
    await commandLine('--out-file', file, ...source, ...flags)
    return (await import(pathToFileURL(file).href)).tables
  }

  function connect(options?: CamelCasePluginOptions): Kysely<AnyDB> {
    return createDatabase<AnyDB>({ uri: database.url, plugins: [new CamelCasePlugin(options)] })
  }

  it('rows, keys and indexes have the names that queries have, and JSON keeps its own', async () => {
    const tables = await generate('camel.ts', '--camel-case')
    await using db = connect({ maintainNestedObjectKeys: true })
    for (const statementForm of await readStatementForms()) {
      const repos = createRepositories({ db, tables, statementForm }) as unknown as AnyRepositories
      const repository = repos.countryLanguage!
      const key = { countryCode: 'CH', languageCode: 'gsw' }
      const row = await repository.findByKey(key)
      assert.deepEqual(row, {
        ...key,
        officialSince: null,
        speakerCount: 4600000,
        extraData: { first_seen: { in_year: 1291 } },
        line1: 'x',
      })
      const plain = await db
        .selectFrom('countryLanguage')
        .selectAll()
        .where('languageCode', '=', 'gsw')
        .execute()
      assert.deepEqual(plain, [row])
      const rows = await repository.findAllBy({ countryCode: 'CH' })
      assert.deepEqual(
        rows.map(({ languageCode }) => languageCode),
        ['gsw', 'roh'],
      )
      assert.equal((await repository.findAllBy({ speakerCount: 40000 }))[0]?.officialSince, '1938-02-20')
      await assert.rejects(repository.findByKey({ country_code: 'CH', language_code: 'gsw' }), /countryCode/)
    }
  })

  it('a generated file and an instance with different names are refused, with the fix', async () => {
    const plain = await generate('plain.ts')
    const camel = await generate('camel-2.ts', '--camel-case')
    await using without = createDatabase<AnyDB>({ uri: database.url })
    await using withPlugin = connect()
    await using upperCase = connect({ upperCase: true })
    const cases: [Kysely<AnyDB>, TablesMetadata, RegExp][] = [
      [without, camel, /calls table country_language countryLanguage, and .* no CamelCasePlugin/],
      [
        withPlugin,
        plain,
        /calls table country_language country_language, and .* CamelCasePlugin calls it countryLanguage.*--camel-case/,
      ],
      [without.withPlugin(new CamelCasePlugin()), plain, /--camel-case/],
      [withPlugin.withoutPlugins(), camel, /no CamelCasePlugin/],
    ]
    for (const [db, tables, message] of cases) {
      assert.throws(
        () => createRepositories({ db, tables }),
        (error: Error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.match(error.message, message)
          return true
        },
      )
    }
    // These options differ in names that this table has not.
    createRepositories({ db: upperCase, tables: camel })
  })

  it("the plugin's own options are used where kysely.config.ts has it", async () => {
    await runStatements(database.url, 'create table ISO_CODE (CODE_ID int primary key, LINE_2 int)')
    const config = join(folder, 'kysely.config.ts')
    await writeFile(
      config,
      `import { CamelCasePlugin } from 'kysely'
      import { createDatabase } from '${pathToFileURL(resolve('src/index.ts')).href}'
      const plugins = [new CamelCasePlugin({ upperCase: true, underscoreBeforeDigits: true })]
      export default { kysely: createDatabase({ uri: '${database.url}', plugins }) }`,
    )
    const only = ['--include-pattern', 'ISO_CODE']
    const tables = await generate('upper.ts', '--camel-case', '--config', config, ...only)
    assert.deepEqual(
      tables.isoCode?.columns.map(({ name, columnName }) => [name, columnName]),
      [
        ['codeId', 'CODE_ID'],
        ['line2', 'LINE_2'],
      ],
    )
    await using db = connect({ upperCase: true, underscoreBeforeDigits: true })
    const repos = createRepositories({ db, tables }) as unknown as AnyRepositories
    assert.equal(await repos.isoCode!.findByKey(1), undefined)
    await using other = connect()
    assert.throws(() => createRepositories({ db: other, tables }), /calls it ISOCODE/)
  })

  it('generate says which names plain queries cannot use, and refuses two that become one', async () => {
    const args = ['--url', database.url, '--camel-case', '--print']
    const { stderr } = await commandLine(...args, '--include-pattern', 'country_language')
    assert.equal(
      stderr,
      'kysely-lookup: country_language: CamelCasePlugin reads line_1 as line1, which it writes as line1: plain queries cannot name it with these options of the plugin\n',
    )
    await runStatements(database.url, 'create table twins (id int primary key, a_b int, a__b int)')
    await assert.rejects(commandLine(...args), {
      code: 1,
      stderr:
        'kysely-lookup: --camel-case calls the columns of twins a_b and a__b all aB. Rename one of them, or generate without --camel-case.\n',
    })
  })
})
