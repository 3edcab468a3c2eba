import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createDatabase, createRepositories, type DecodingOptions, type Store } from '../../src/index.ts'
import { columnTypesOf } from '../support/column-types.ts'
import {
  type AnyDB,
  type AnyRepositories,
  type AnyRow,
  type Lookups,
  lookups,
  metadataOf,
} from '../support/lookups.ts'
import { identifyServer, testServerUrl } from '../support/server.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'
import { guard, readAndEnd, storeFolder } from '../support/store/stored-lookups.ts'

const OPTIONS: readonly DecodingOptions[] = [
  {},
  { bigint: 'bigint', tinyint1: 'boolean', zeroDates: 'null' },
  { bigint: 'string' },
]

/** Longer than what a store has room for on a page, and than its keys. */
const LONG = `repeat('é日', 40000)`

const types = columnTypesOf(await identifyServer(await testServerUrl()))
const TABLES = types.flatMap(({ type, values, key }, index) => [
  `create table t${index} (id int not null primary key, v ${type}${key === false ? '' : ', unique key (v)'})`,
  `insert into t${index} values ${[...values, 'null'].map((value, id) => `(${id}, ${value})`).join(', ')}`,
])
const LONG_TABLE = [
  'create table long_text (id int not null primary key, k varchar(700) character set utf8mb4 not null, v longtext, j json, unique key (k))',
  `insert into long_text values
    (0, repeat('k', 700), ${LONG}, json_array(${LONG})), (1, repeat('日', 699), '', null),
    (2, concat(repeat('日', 699), 'x'), null, '{"a": {"b": [null, -0.0, 1e300, "\\\\u65e5"]}}')`,
]

describe('rows of every column type', () => {
  let data: Lookups
  let names: readonly string[]

  before(async () => {
    data = await lookups(["set sql_mode = ''", ...TABLES, ...LONG_TABLE])
    names = [...types.map((_, index) => `t${index}`), 'long_text']
    await guard(data, { tracked: names })
  })
  after(() => data[Symbol.asyncDispose]())

  async function settle(read: () => Promise<unknown>): Promise<unknown> {
    try {
      return shown(await read())
    } catch (error) {
      return { error: (error as Error).message }
    }
  }

  /** Each table by its own key, by the other one, and as a whole. */
  async function readEverything(repos: AnyRepositories, metadata: Lookups['tables']) {
    const answers: Record<string, unknown> = {}
    for (const name of names) {
      const table = repos[name]!
      const { uniqueKeys } = metadata[name]!
      const rows: AnyRow[] = []
      for (let id = 0; id < 9; id++) {
        answers[`${name} ${id}`] = await settle(async () => {
          const row = await table.findByKey(id)
          if (row) rows.push(row)
          return row
        })
      }
      for (const row of uniqueKeys.length > 0 ? rows : []) {
        const column = uniqueKeys[0]!.columns[0]!
        const id = String(row.id)
        answers[`${name} ${id} by ${column}`] = await settle(() => table.findByKey({ [column]: row[column] }))
      }
      answers[`${name} all`] = await settle(() => table.all())
    }
    return answers
  }

  for (const options of OPTIONS) {
    it(`come from a store as from the server: ${JSON.stringify(options)}`, async () => {
      await using db = createDatabase<AnyDB>({ uri: data.test.url, ...options })
      const tables = await metadataOf(db, options)
      await using folder = await storeFolder()
      const lmdb = folder.open()
      await lmdb.ready()
      const open = (store?: Store) =>
        createRepositories({
          ...{ db, tables, versions: { pollInterval: 2 ** 31 - 1 }, ...(store && { store }) },
          cache: Object.fromEntries(names.map((name) => [name, 'versioned'])) as never,
        }) as unknown as AnyRepositories
      const read = (repos: AnyRepositories) => readAndEnd(repos, (one) => readEverything(one, tables))
      const direct = await read(open())
      for (const store of [lmdb, createMemoryStore({ isAsynchronous: true })]) {
        assert.deepStrictEqual(await read(open(store)), direct)
        const repos = open(store)
        assert.deepStrictEqual(await read(repos), direct)
        const stats = Object.values(repos.$stats())
        assert.ok(stats.reduce((sum, { storeHits }) => sum + storeHits, 0) > 3 * names.length)
        assert.equal(repos.$stats().long_text!.statements, 0)
      }
    })
  }
})

/** Its columns as they are read: some are computed. */
function shown(read: unknown): unknown {
  if (Array.isArray(read)) return read.map(shown)
  return read ? { ...(read as AnyRow) } : read
}
