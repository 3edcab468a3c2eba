import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { InvalidKeyError, type TablesMetadata } from '../../src/index.ts'
import { EVERY_VALUE, generatedTables } from '../support/differential/generated-tables.ts'
import { MARIADB_VALIDATIONS, NEVER, NOTHING, VALIDATIONS } from '../support/differential/validation-cases.ts'
import { type Lookups, lookups } from '../support/lookups.ts'
import { identifyServer, testServerUrl } from '../support/server.ts'

const { system, release } = await identifyServer(await testServerUrl())
const throwing = () => {
  throw new Error('no')
}
const hasNetworkTypes = system === 'mariadb' && release >= 1007
const validations = [...VALIDATIONS, ...(hasNetworkTypes ? MARIADB_VALIDATIONS : [])]

describe('key validation', () => {
  let data: Lookups
  let tables: TablesMetadata

  before(async () => {
    data = await lookups(
      validations.flatMap(({ type, row }, index) => [
        `create table key_${index} (part int not null default 1, k ${type} not null primary key, unique key pair (part, k))`,
        `insert into key_${index} (k) values (${row})`,
      ]),
      EVERY_VALUE,
    )
    tables = await generatedTables(data.db)
  })
  after(() => data[Symbol.asyncDispose]())

  for (const [index, { type, key, expected, ...cases }] of validations.entries()) {
    const table = `key_${index}`

    it(`${type}: a bad key rejects alone; the others of its batch are answered`, async () => {
      const repository = data.repositories({ tables }).$table(table)
      const invalid = Object.entries({ ...NEVER, ...cases.invalid })
      // The row's key goes along with each bad one, so that they are in one batch.
      const settled = await Promise.allSettled(
        invalid.flatMap(([, bad]) => [
          repository.findByKey(bad),
          repository.findByKey({ k: bad }),
          repository.findByKey({ k: bad, part: 1 }),
          repository.findByKey(key),
        ]),
      )
      for (const [at, [what]] of invalid.entries()) {
        const [bare, inObject, inPair, good] = settled.slice(4 * at, 4 * at + 4)
        for (const bad of [bare, inObject, inPair]) {
          assert.equal(bad?.status, 'rejected', `${what} was sent`)
          assert.ok(bad.reason instanceof InvalidKeyError, `${what}: ${bad.reason}`)
          assert.equal(bad.reason.table, table)
          assert.doesNotMatch(bad.reason.message, /secret/)
        }
        for (const bad of [inObject, inPair]) {
          assert.ok(bad?.status === 'rejected')
          assert.match(bad.reason.message, new RegExp(`^${table}: column k: expected .*, got .+\\.$`), what)
          assert.match(bad.reason.message, expected)
        }
        assert.equal(good?.status === 'fulfilled' && good.value !== undefined, true, `beside ${what}`)
      }
    })

    it(`${type}: the server decides about values of the right type`, async () => {
      const repository = data.repositories({ tables }).$forRequest().$table(table)
      const row = await repository.findByKey(key)
      assert.ok(row)
      for (const [what, same] of Object.entries(cases.same ?? {})) {
        assert.equal(await repository.findByKey(same), row, what)
      }
      const absent = Object.entries({ ...NOTHING, ...cases.absent })
      const found = await repository.findByKeys(absent.map(([, one]) => one))
      assert.deepEqual(
        absent.filter((_, at) => found[at] !== undefined).map(([what]) => what),
        [],
      )
    })
  }

  const parts: [string, (key: unknown) => unknown][] = [
    ['a missing part', (k) => ({ k, other: 1 })],
    ['an extra part', (k) => ({ k, part: 1, label: 2 })],
    ['an array of parts', (k) => [1, k]],
    ['an inherited part', (k) => Object.create({ k, part: 1 })],
    [
      'a getter that throws',
      () => Object.defineProperty({ part: 1 }, 'k', { get: throwing, enumerable: true }),
    ],
    ['a hidden part', (k) => Object.defineProperty({ part: 1 }, 'other', { value: k, enumerable: true })],
    ['a polluted prototype', () => JSON.parse('{"__proto__": {"k": 7}, "part": 1, "constructor": 7}')],
    ['a nested object', (k) => ({ part: 1, k: { k } })],
    ['an SQL operator', (k) => ({ part: 1, k: { gt: k } })],
  ]
  it('a getter supplies its part of the key', async () => {
    const repository = data.repositories({ tables }).$table('key_0')
    const key = Object.defineProperty({ part: 1 }, 'k', { get: () => 7, enumerable: true })
    assert.equal((await repository.findByKey(key))?.k, 7)
  })

  for (const [what, make] of parts) {
    it(`${what} is not a composite key`, async () => {
      const repository = data.repositories({ tables }).$table('key_0')
      const [bad, good] = await Promise.allSettled([
        repository.findByKey(make(7)),
        repository.findByKey({ part: 1, k: 7 }),
      ])
      assert.equal(bad.status, 'rejected')
      assert.ok(bad.reason instanceof InvalidKeyError, String(bad.reason))
      assert.equal(good.status === 'fulfilled' && good.value?.k, 7)
    })
  }
})
