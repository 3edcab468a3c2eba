import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { createDatabase, createRepositories, type Store } from '../../src/index.ts'
import { closedAfterFile } from '../support/closing.ts'
import { type AnyDB, type AnyRepositories, COUNTRIES, metadataOf } from '../support/lookups.ts'
import { type RestartableServer, startRestartableServer } from '../support/outage/restartable-server.ts'
import { runStatements, systemUnderTest } from '../support/server.ts'
import { age, guard, readAndEnd, storeFolder } from '../support/store/stored-lookups.ts'

const system = await systemUnderTest()
const server = await startRestartableServer({ system })

const PLAN = [
  'create table plan (id int not null primary key, name varchar(20) character set ascii collate ascii_bin not null)',
  "insert into plan values (1, 'free'), (2, 'paid')",
]

describe('what a store holds', { skip: !server && `no ${system} program here`, timeout: 600_000 }, () => {
  let folder: Awaited<ReturnType<typeof storeFolder>>
  let store: Store

  before(async () => {
    folder = await storeFolder()
    store = folder.open()
    await store.ready()
  })
  after(async () => {
    await store.close()
    await folder[Symbol.asyncDispose]()
    await server![Symbol.asyncDispose]()
  })

  /** The database of this name on a server. */
  function shopOn({ url }: RestartableServer) {
    const uri = new URL(url)
    uri.pathname = '/shop'
    const db = closedAfterFile(createDatabase<AnyDB>({ uri: uri.href }))
    const run = (...statements: readonly string[]) => runStatements(uri.href, ...statements)
    return {
      db: db as unknown as Kysely<AnyDB>,
      run,
      /** Those of a new process. */
      async repositories(more: object = {}) {
        return createRepositories({
          ...{ db, tables: await metadataOf(db), versions: { pollInterval: 2 ** 31 - 1 } },
          ...more,
        }) as unknown as AnyRepositories
      },
      versions: () => run('select * from lookup_version'),
      async setVersions(versions: Awaited<ReturnType<typeof run>>) {
        for (const { table_name: name, slot, version } of versions) {
          await run(
            `update lookup_version set version = ${version} where table_name = '${name}' and slot = ${slot}`,
          )
        }
      },
    }
  }

  type Shop = ReturnType<typeof shopOn>

  async function makeShop(server: RestartableServer): Promise<Shop> {
    await server.run('create database shop')
    const shop = shopOn(server)
    await shop.run(...COUNTRIES, ...PLAN)
    await guard(shop, { tracked: ['country'], frozen: ['plan'] })
    return shop
  }

  const CACHE = { country: 'versioned', plan: 'immutable' } as const

  const read = async (repos: AnyRepositories) => ({
    japan: await repos.country!.findByKey('JP'),
    nobody: await repos.country!.findByKey('XX'),
    asian: await repos.country!.findAllBy({ continent: 'AS' }),
    all: await repos.country!.preload().then(() => repos.country!.findByKeys(['FR', 'JP'])),
    plans: await repos.plan!.findByKeys([1, 2]),
  })

  const stored = (shop: Shop) =>
    shop.repositories({ cache: CACHE, store }).then((repos) => readAndEnd(repos, read))

  /** The store answers all of it. */
  async function fillStore(shop: Shop): Promise<void> {
    await stored(shop)
    const repos = await shop.repositories({ cache: CACHE, store })
    await read(repos)
    const { country, plan } = repos.$stats()
    await repos.$close()
    assert.equal(country!.statements + plan!.statements, 0, 'the store is warm')
  }

  async function expectTheServersAnswers(shop: Shop): Promise<void> {
    const plain = await shop.repositories({ cache: { country: 'versioned' } })
    const direct = await readAndEnd(plain, read)
    for (let times = 0; times < 2; times++) assert.deepEqual(await stored(shop), direct)
  }

  it('is not answered once the server was stopped and started with older data', async () => {
    const shop = await makeShop(server!)
    await fillStore(shop)
    await server!.shutDown()
    await server!.keepData()
    await server!.start()
    await expectTheServersAnswers(shop)
    await shop.run(
      "update country set name = 'Nippon' where code = 'JP'",
      "insert into country values ('XX', 'XXX', 'Nobody', 'AS')",
      "insert into plan values (3, 'new')",
    )
    await age(shop.run)
    await fillStore(shop)
    const versions = await shop.versions()
    const running = await shop.repositories({ cache: CACHE, store, versions: { pollInterval: 5 } })
    assert.equal((await running.country!.findByKey('JP'))?.name, 'Nippon')
    await server!.kill()
    await server!.restoreData()
    await server!.start()
    await until(async () => (await running.country!.findByKey('JP'))?.name === 'Japan')
    await until(async () => (await running.country!.findByKey('XX')) === undefined)
    await running.$close()
    await expectTheServersAnswers(shop)
    // Other rows, at the versions that the ones which are gone had.
    await shop.run("update country set name = 'Nihon' where code = 'JP'")
    await shop.setVersions(versions)
    await expectTheServersAnswers(shop)
  })

  it('is not answered to the database of the same name on another server, at the same versions', async () => {
    await using other = (await startRestartableServer({ system }))!
    const [shop, another] = [shopOn(server!), await makeShop(other)]
    await another.run("update country set name = 'Nippon' where code = 'JP'")
    await fillStore(shop)
    await another.setVersions(await shop.versions())
    await expectTheServersAnswers(another)
    await fillStore(another)
    await expectTheServersAnswers(shop)
  })

  async function until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 300_000
    while (!(await condition().catch(() => false))) {
      if (Date.now() > deadline) throw new Error('what was waited for did not come')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
})
