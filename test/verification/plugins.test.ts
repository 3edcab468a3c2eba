import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  CamelCasePlugin,
  type KyselyPlugin,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
} from 'kysely'
import { ConfigurationError, createDatabase, createRepositories } from '../../src/index.ts'
import { type AnyDB, type AnyRepositories, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

/** As an application might keep its tenants apart. */
class TenantPlugin implements KyselyPlugin {
  transformQuery({ node }: PluginTransformQueryArgs) {
    return node
  }
  async transformResult({ result }: PluginTransformResultArgs) {
    return result
  }
}

describe('plugins of the Kysely instance', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(COUNTRIES)
  })
  after(() => data[Symbol.asyncDispose]())

  const refused = (create: () => unknown, message: RegExp) =>
    assert.throws(create, (error: Error) => {
      assert.ok(error instanceof ConfigurationError, String(error))
      assert.match(error.message, message)
      return true
    })

  it('are refused when lookups would bypass them, given to createDatabase or later', async () => {
    await using db = createDatabase<AnyDB>({ uri: data.test.url, plugins: [new TenantPlugin()] })
    const { tables } = data
    const message = /has the plugin TenantPlugin.*bypass|would be missing.*allowPlugins: \['TenantPlugin'\]/
    refused(() => createRepositories({ db, tables }), message)
    refused(() => createRepositories({ db: data.db.withPlugin(new TenantPlugin()), tables }), message)
    refused(() => createRepositories({ db, tables, allowPlugins: ['AnotherPlugin'] }), message)
    createRepositories({ db: db.withoutPlugins(), tables })
  })

  it('are accepted when they are allowed by name', async () => {
    const db = data.db.withPlugin(new TenantPlugin())
    const repos = createRepositories({
      db,
      tables: data.tables,
      allowPlugins: ['TenantPlugin'],
    }) as unknown as AnyRepositories
    assert.equal((await repos.country!.findByKey('fr'))?.name, 'France')
  })

  it('are refused on a transaction as on the database', async () => {
    const repos = data.repositories()
    const db = data.db.withPlugin(new TenantPlugin())
    await db.transaction().execute(async (trx) => {
      refused(() => repos.$withTransaction(trx), /TenantPlugin/)
      assert.equal((await repos.$withTransaction(trx.withoutPlugins()).country!.findByKey('FR'))?.code, 'FR')
    })
  })

  it('need no other metadata when a CamelCasePlugin changes no name', async () => {
    const repos = createRepositories({
      db: data.db.withPlugin(new CamelCasePlugin()),
      tables: data.tables,
    }) as unknown as AnyRepositories
    assert.equal((await repos.country!.findByKey({ alpha3: 'FRA' }))?.code, 'FR')
  })
})
