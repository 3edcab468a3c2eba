import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { generatedFile } from '../../src/codegen/generated-file.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { type Lookups, lookups } from '../support/lookups.ts'
import { systemUnderTest } from '../support/server.ts'
import { createTypeScriptFolder, type TypeScriptFolder } from '../support/typescript-folder.ts'

describe('an invisible column', () => {
  let data: Lookups
  let folder: TypeScriptFolder

  before(async () => {
    const system = await systemUnderTest()
    const code = 'code char(3) character set ascii, unique key by_code (code)'
    data = await lookups([
      `create table country (code char(2) character set ascii not null primary key, name varchar(50) not null,
        legacy int not null default 7 invisible, region enum('EU', 'AS') invisible, since datetime null invisible,
        alpha3 char(3) character set ascii default null invisible, doubled int as (legacy * 2) invisible,
        unique key by_alpha3 (alpha3))`,
      `insert into country (code, name, alpha3, region) values ('FR', 'France', 'FRA', 'EU'), ('JP', 'Japan', 'JPN', null)`,
      ...(system === 'mysql'
        ? ['set sql_generate_invisible_primary_key = on', `create table currency (${code})`]
        : [
            `create table currency (my_row_id bigint unsigned auto_increment invisible primary key, ${code})`,
          ]),
      "insert into currency (code) values ('EUR'), ('JPY')",
      'create view seen as select code, legacy from country',
    ])
    folder = await createTypeScriptFolder('invisible')
    await folder.write({ 'schema.ts': generatedFile((await readSchema(data.db)).tables), 'use.ts': USE })
  })
  after(async () => {
    await folder[Symbol.asyncDispose]()
    await data[Symbol.asyncDispose]()
  })

  it('may be undefined, as in the row of a selectAll(), unless a repository reads it', async () => {
    await folder.typeCheck()
  })

  it('is missing from rows of selectAll(), and present in those of queries and repositories that name it', async () => {
    const { db } = data
    const country = await db.selectFrom('country').selectAll().where('code', '=', 'FR').executeTakeFirst()
    assert.deepEqual(country, { code: 'FR', name: 'France' })
    const currency = await db.selectFrom('currency').selectAll().where('code', '=', 'EUR').executeTakeFirst()
    assert.deepEqual(currency, { code: 'EUR' })
    const named = db.selectFrom('country').select(['legacy', 'since']).where('legacy', '=', 7)
    assert.deepEqual(await named.executeTakeFirst(), { legacy: 7, since: null })
    const repos = data.repositories()
    const row = {
      code: 'FR',
      name: 'France',
      legacy: 7,
      region: 'EU',
      since: null,
      alpha3: 'FRA',
      doubled: 14,
    }
    assert.deepEqual({ ...(await repos.country!.findByKey({ alpha3: 'FRA' })) }, row)
    assert.deepEqual({ ...(await repos.currency!.findByKey(2)) }, { my_row_id: 2, code: 'JPY' })
    assert.deepEqual({ ...(await repos.currency!.findByKey({ code: 'EUR' })) }, { my_row_id: 1, code: 'EUR' })
    assert.equal(await repos.currency!.insert({ code: 'USD' }), 1)
  })

  it('may become visible or invisible while processes run with an older file', async () => {
    await data.repositories().$ready()
    const maria = data.test.system === 'mariadb'
    await data.run(
      maria
        ? 'alter table country modify legacy int not null default 7'
        : 'alter table country alter column legacy set visible',
      maria
        ? 'alter table country modify name varchar(50) not null default "" invisible'
        : 'alter table country alter column name set invisible',
    )
    const repos = data.repositories()
    await repos.$ready()
    assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
  })
})

const USE = `
/// <reference types="node" />
import type { Insertable, Selectable, Updateable } from 'kysely'
import { createDatabase, createRepositories, type RowOf } from 'kysely-lookup'
import { type DB, tables } from './schema.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Same<A, B>): void {}

type Row = Selectable<DB['country']>
same<Row['name'], string>(true)
same<Row['legacy'], number | undefined>(true)
same<Row['region'], 'EU' | 'AS' | null | undefined>(true)
same<Row['since'], Date | null | undefined>(true)
same<Row['doubled'], number | null | undefined>(true)
same<Selectable<DB['currency']>['my_row_id'], number | undefined>(true)
same<Selectable<DB['seen']>['legacy'], number>(true)

export const insert: Insertable<DB['country']>[] = [{ code: 'FR', name: 'France' }, { code: 'FR', name: 'France', legacy: 1 }]
export const update: Updateable<DB['country']> = { legacy: 1, region: null }
// @ts-expect-error a column that is NOT NULL
export const wrong: Updateable<DB['country']> = { legacy: null }
// @ts-expect-error a generated column is not written
export const computed: Insertable<DB['country']> = { code: 'FR', name: 'France', doubled: 2 }

const db = createDatabase<DB>({ uri: 'mysql://root@127.0.0.1/country' })
export const all = async () => {
  const row = await db.selectFrom('country').selectAll().executeTakeFirstOrThrow()
  // @ts-expect-error it is undefined
  const legacy: number = row.legacy
  return legacy
}
export const some = () => db.selectFrom('country').select(['code', 'legacy']).where('legacy', '>', 3).execute()

same<RowOf<DB, 'country'>['legacy'], number>(true)
same<RowOf<DB, 'country'>['region'], 'EU' | 'AS' | null>(true)
same<RowOf<DB, 'currency'>['my_row_id'], number>(true)
const repos = createRepositories({ db, tables })
export const found = [repos.currency.findByKey(1), repos.currency.findByKey({ my_row_id: 1 }), repos.country.findByKey({ alpha3: 'FRA' })]
// @ts-expect-error no key
export const none = repos.currency.findByKey('EUR')
`
