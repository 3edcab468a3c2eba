import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { InvalidKeyError, RowNotFoundError } from '../../src/index.ts'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { readStatementForms } from '../support/statement-forms.ts'

const CURRENCIES = [
  'create table currency (code char(3) character set ascii collate ascii_bin not null primary key, digits tinyint unsigned not null)',
  "insert into currency values ('EUR', 2), ('JPY', 0)",
]
const PRICES = [
  `create table price (country char(2) character set ascii collate ascii_general_ci not null,
    plan int not null, amount decimal(10,2) not null, valid_from datetime(3) not null, primary key (country, plan))`,
  "insert into price values ('FR', 1, 9.90, '2026-01-01 00:00:00.250'), ('FR', 2, 19.90, '2026-01-01'), ('DE', 1, 8.90, '2026-01-01')",
]

for (const statementForm of await readStatementForms()) {
  describe(`keys, sent as ${statementForm}`, () => {
    let data: Lookups
    const repositories: Lookups['repositories'] = (options) =>
      data.repositories({ statementForm, ...options })

    before(async () => {
      data = await lookups([...COUNTRIES, ...CURRENCIES, ...PRICES])
    })
    after(() => data[Symbol.asyncDispose]())

    for (const cache of [{}, { country: 'immutable' }] as const) {
      const mode = 'country' in cache ? "'immutable'" : 'per request'

      it(`another spelling finds the row of a case-insensitive column, in a batch with 99 others (${mode})`, async () => {
        const { country } = repositories({ cache }).$forRequest()
        const others = Array.from({ length: 98 }, (_, index) => `X${index}`)
        const rows = await country!.findByKeys([...others, 'fr', 'FR'])
        assert.equal(rows.filter(Boolean).length, 2)
        assert.equal(rows[98]?.code, 'FR')
        assert.equal(rows[98], rows[99], 'both spellings answer one row object')
      })

      it(`a key longer than its column finds nothing and does no harm to its batch (${mode})`, async () => {
        const { country } = repositories({ cache }).$forRequest()
        const rows = await country!.findByKeys(['FRX', 'FR X', 'DE', 'F', 'FR   '])
        assert.deepEqual(
          rows.map((row) => row?.code),
          [undefined, undefined, 'DE', undefined, 'FR'],
        )
      })

      it(`every unique key leads to the same row object (${mode})`, async () => {
        const { country } = repositories({ cache }).$forRequest()
        const [byCode, byAlpha3] = await Promise.all([
          country!.findByKey('FR'),
          country!.findByKey({ alpha3: 'FRA' }),
        ])
        assert.equal(byCode, byAlpha3)
        const counts = await data.counter.during(async () => {
          assert.equal(await country!.findByKey({ code: 'FR' }), byCode)
          assert.equal(await country!.findByKey({ alpha3: 'FRA' }), byCode)
        })
        assert.equal(counts.Com_select, 0)
      })
    }

    it('a byte-exact column distinguishes case', async () => {
      const { currency } = repositories()
      const rows = await currency!.findByKeys(['eur', 'EUR', 'Eur', 'JPY', 'é'])
      assert.deepEqual(
        rows.map((row) => row?.code),
        [undefined, 'EUR', undefined, 'JPY', undefined],
      )
    })

    it('a composite key takes its columns in any order', async () => {
      const { price } = repositories()
      const rows = await price!.findByKeys([
        { country: 'FR', plan: 2 },
        { plan: 1, country: 'de' },
        { country: 'DE', plan: 2 },
      ])
      assert.deepEqual(
        rows.map((row) => row?.amount),
        ['19.90', '8.90', undefined],
      )
    })

    it('findAllBy answers the rows of an index prefix in primary-key order', async () => {
      const { country, price } = repositories()
      const codes = async (columns: unknown) => (await country!.findAllBy(columns)).map((row) => row.code)
      assert.deepEqual(await codes({ continent: 'EU' }), ['DE', 'FR'])
      assert.deepEqual(await codes({ continent: 'NA', name: 'canada' }), ['CA'])
      assert.deepEqual(await codes({ continent: 'XX' }), [])
      const plans = await price!.findAllBy({ country: 'fr' })
      assert.deepEqual(
        plans.map((row) => row.plan),
        [1, 2],
      )
      assert.ok(Object.isFrozen(plans))
    })

    it('findAllBy calls of several callers are one statement', async () => {
      const repos = repositories()
      await repos.$ready()
      const counts = await data.counter.during(() =>
        Promise.all(['EU', 'NA', 'AS', 'EU'].map((continent) => repos.country!.findAllBy({ continent }))),
      )
      assert.equal(counts.Com_select, 1)
    })

    const notKeys: [string, unknown][] = [
      ['a number for a text column', 5],
      ['NaN', Number.NaN],
      ['a lone surrogate', '\ud800'],
      ['a boolean', true],
      ['a symbol', Symbol('FR')],
      ['a function', () => 'FR'],
      ['an array', ['FR']],
      ['an empty object', {}],
      ['a column that is no key', { name: 'France' }],
      ['an unknown column', { iso: 'FR' }],
      ['two keys at once', { code: 'FR', alpha3: 'FRA' }],
      ['an extra undefined part', { code: 'FR', alpha3: undefined }],
      ['a wrong type in an object', { alpha3: 1 }],
      ['an inherited column', Object.create({ code: 'FR' })],
      ['a polluted prototype', JSON.parse('{"__proto__": {"code": "FR"}}')],
      [
        'an instance of a class',
        new (class Code {
          code = 'FR'
        })(),
      ],
      [
        'a getter that throws',
        {
          get code() {
            throw new Error('no')
          },
        },
      ],
      [
        'a Proxy that throws',
        new Proxy(
          {},
          {
            ownKeys() {
              throw new Error('no')
            },
          },
        ),
      ],
      ['a Date', new Date()],
      ['bytes', Buffer.from('FR')],
    ]
    for (const [what, key] of notKeys) {
      it(`${what} is an InvalidKeyError for its caller alone`, async () => {
        const { country } = repositories()
        const [bad, good] = await Promise.allSettled([country!.findByKey(key), country!.findByKey('FR')])
        assert.equal(bad.status, 'rejected')
        assert.ok(bad.reason instanceof InvalidKeyError, String(bad.reason))
        assert.equal(bad.reason.code, 'KYSELY_LOOKUP_INVALID_KEY')
        assert.match(bad.reason.message, /^country: .*expected/)
        assert.equal(good.status === 'fulfilled' && good.value?.code, 'FR')
      })
    }

    it('an error never repeats the key', async () => {
      const { country, currency } = repositories()
      const errors = await Promise.all([
        country!.findByKey({ code: 'SECRET\ud800' }).catch((error: Error) => error),
        currency!.findByKeyOrThrow('SECRET').catch((error: Error) => error),
      ])
      for (const error of errors) {
        assert.ok(error instanceof Error)
        assert.doesNotMatch(`${error.stack}${JSON.stringify(error)}`, /SECRET/)
      }
    })

    it('findByKeyOrThrow names the table and the key columns', async () => {
      const { country } = repositories()
      await assert.rejects(country!.findByKeyOrThrow({ alpha3: 'XXX' }), (error: RowNotFoundError) => {
        assert.ok(error instanceof RowNotFoundError)
        assert.equal(error.table, 'country')
        assert.match(error.message, /country: no row for the given alpha3/)
        return true
      })
      assert.equal((await country!.findByKeyOrThrow('fr')).name, 'France')
    })

    it('one bad key rejects findByKeys before anything is sent', async () => {
      const repos = repositories()
      await repos.$ready()
      const counts = await data.counter.during(() =>
        assert.rejects(repos.country!.findByKeys(['FR', 5]), InvalidKeyError),
      )
      assert.equal(counts.Com_select, 0)
      await assert.rejects(repos.country!.findByKeys('FR' as never), InvalidKeyError)
    })

    it('findAllBy refuses columns that no index begins with', async () => {
      const { country } = repositories()
      await assert.rejects(country!.findAllBy({ name: 'France' }), /leading columns of an index/)
      await assert.rejects(country!.findAllBy({}), InvalidKeyError)
      await assert.rejects(country!.findAllBy('EU'), InvalidKeyError)
      await assert.rejects(country!.findAllBy({ continent: null, alpha3: 'FRA' }), InvalidKeyError)
    })
  })
}
