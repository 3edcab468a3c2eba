import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { InvalidKeyError, RowNotFoundError } from '../../src/index.ts'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { readStatementForms } from '../support/statement-forms.ts'

const RANGES = [
  `create table place (id smallint unsigned not null primary key, level tinyint null unique, rank_ mediumint null, big bigint unsigned null unique,
    a int not null default 1, unique key by_pair (a, level), key by_rank (rank_))`,
  `insert into place (id, level, rank_, big) values (0, -128, 8388607, 0), (1, 0, 1, 1), (65535, 127, -8388608, 18446744073709551615)`,
]

for (const statementForm of await readStatementForms()) {
  describe(`a key that no row can have, sent as ${statementForm}`, () => {
    let data: Lookups
    const repositories: Lookups['repositories'] = (options) =>
      data.repositories({ statementForm, ...options })

    before(async () => {
      data = await lookups([...COUNTRIES, ...RANGES], { bigint: 'bigint' })
    })
    after(() => data[Symbol.asyncDispose]())

    /** Runs what sends no SELECT, once everything is verified. */
    async function unsent(repos: { $ready(): Promise<void> }, work: () => Promise<unknown>): Promise<void> {
      await repos.$ready()
      const { Com_select } = await data.counter.during(work)
      assert.equal(Com_select, 0)
    }

    for (const cache of [{}, { country: 'immutable', place: 'immutable' }] as const) {
      it(`null is absent without a statement: ${JSON.stringify(cache)}`, async () => {
        const repos = repositories({ cache })
        await unsent(repos, async () => {
          for (const { country, place } of [repos, repos.$forRequest()]) {
            for (const none of [null, undefined, { code: null }, { code: undefined }, { alpha3: null }]) {
              assert.equal(await country!.findByKey(none), undefined)
              assert.equal(country!.peek(none), undefined)
              await assert.rejects(country!.findByKeyOrThrow(none), RowNotFoundError)
            }
            assert.equal(await place!.findByKey({ a: null, level: 1 }), undefined)
            assert.equal(await place!.findByKey({ a: null, level: null }), undefined)
            assert.deepEqual(await country!.findByKeys([null, undefined, { code: null }]), [
              undefined,
              undefined,
              undefined,
            ])
            for (const none of [null, undefined, { continent: null }, { continent: 'EU', name: undefined }]) {
              assert.deepEqual(await country!.findAllBy(none), [])
            }
          }
        })
      })
    }

    it('a time beyond the last one is absent, and never the last one', async () => {
      await using times = await lookups([
        'create table shift (a time(6) not null, b time(1) not null, id int not null unique, primary key (a, b), unique key by_b (b))',
        "insert into shift values ('838:59:59', '-838:59:59', 1), ('-838:59:59', '838:59:59', 2), ('00:00:00', '00:00:01', 3)",
      ])
      const { shift } = times.repositories({ statementForm })
      const keys = [
        { b: '838:59:59.1' },
        { b: '-838:59:59.9' },
        { b: '838:59:59' },
        { a: '838:59:59.000001', b: '-838:59:59' },
        { a: '838:59:59', b: '-838:59:59.5' },
        { a: '838:59:59', b: '-838:59:59.0' },
      ]
      const ids = [undefined, undefined, 2, undefined, undefined, 1]
      for (const [at, key] of keys.entries()) assert.equal((await shift!.findByKey(key))?.id, ids[at])
      assert.deepEqual(
        (await shift!.findByKeys(keys)).map((row) => row?.id),
        ids,
      )
      assert.deepEqual(await shift!.findAllBy({ a: '838:59:59.5' }), [])
    })

    it('nulls keep their places among other keys', async () => {
      for (const { country } of [repositories(), repositories().$forRequest()]) {
        const found = await country!.findByKeys([
          null,
          'FR',
          undefined,
          { alpha3: 'DEU' },
          { alpha3: null },
          'XX',
          'fr',
        ])
        assert.deepEqual(
          found.map((row) => row?.code),
          [undefined, 'FR', undefined, 'DE', undefined, undefined, 'FR'],
        )
      }
    })

    it('a value of the wrong type beside a null is refused all the same', async () => {
      const { country, place } = repositories()
      await assert.rejects(place!.findByKey({ a: null, level: 'x' }), InvalidKeyError)
      await assert.rejects(country!.findAllBy({ continent: null, name: 5 }), InvalidKeyError)
      await assert.rejects(country!.findByKeys([null, 5]), InvalidKeyError)
      await assert.rejects(country!.findByKey({ name: null }), InvalidKeyError)
    })

    it('clear(null) leaves the request as it is', async () => {
      const { country } = repositories().$forRequest()
      const row = await country!.findByKey('FR')
      country!.clear(null)
      country!.clear({ alpha3: null })
      assert.equal(await country!.findByKey('FR'), row)
    })

    it('an integer beyond the column is absent, and never the last one in it', async () => {
      for (const { place } of [repositories(), repositories().$forRequest()]) {
        const beyond = [65536, 70_000, 2 ** 31, 2n ** 62n, 2n ** 64n, -1, -1n, 131_071]
        assert.deepEqual(
          await place!.findByKeys(beyond),
          beyond.map(() => undefined),
        )
        assert.equal((await place!.findByKey(65535))?.level, 127)
        for (const level of [128, -129, 255, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n]) {
          assert.equal(await place!.findByKey({ level }), undefined)
          assert.equal(await place!.findByKey({ a: 1, level }), undefined)
          assert.equal(await place!.findByKey({ a: 2 ** 33 + 1, level: 127 }), undefined)
        }
        for (const rank_ of [8388608, -8388609, 2 ** 40])
          assert.deepEqual(await place!.findAllBy({ rank_ }), [])
        assert.equal((await place!.findAllBy({ rank_: 8388607 })).length, 1)
        for (const big of [2n ** 64n, 2n ** 64n + 1n, -1n, -(2n ** 63n)]) {
          assert.equal(await place!.findByKey({ big }), undefined)
        }
        assert.equal((await place!.findByKey({ big: 2n ** 64n - 1n }))?.id, 65535)
      }
    })

    it('beyond BIGINT, or below 0 where there is no sign, nothing is sent', async () => {
      const repos = repositories()
      await unsent(repos, async () => {
        assert.equal(await repos.place!.findByKey(-1), undefined)
        assert.equal(await repos.place!.findByKey(2n ** 64n), undefined)
        assert.equal(await repos.place!.findByKey({ level: 2n ** 63n }), undefined)
        assert.deepEqual(await repos.place!.findAllBy({ rank_: -(2n ** 64n) }), [])
        await assert.rejects(repos.place!.findByKeyOrThrow(-1), RowNotFoundError)
        // Nor are characters that the charset lacks.
        assert.equal(await repos.country!.findByKey({ alpha3: 'FRÄ' }), undefined)
      })
    })
  })
}
