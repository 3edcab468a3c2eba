import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { InvalidKeyError, RowNotFoundError } from '../../src/index.ts'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

const AMOUNTS = [
  'create table amount (value decimal(30,10) not null primary key, label varchar(20) not null)',
  `insert into amount values (9007199254740992, '2^53'), (9007199254740993, '2^53 + 1'), (10000000000000000, '10^16'), (0.5, 'half'),
    (12345678.1234567890, 'ten'), (9007199254740991, '2^53 - 1'), (0.1234567891, 'tenth')`,
]

describe('an error about a key', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      ...COUNTRIES,
      ...AMOUNTS,
      'create table price (country char(2) not null, plan int not null, amount int not null, primary key (country, plan), key by_amount (amount, plan))',
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  it('names the column', async () => {
    const { country, price } = data.repositories()
    const columns: [() => Promise<unknown>, string | undefined][] = [
      [() => country!.findByKey(5), 'code'],
      [() => country!.findByKey({ alpha3: true }), 'alpha3'],
      [() => price!.findByKey({ country: 'FR', plan: '1' }), 'plan'],
      [() => price!.findAllBy({ amount: 1, plan: 1.5 }), 'plan'],
      [() => price!.findByKeys([{ plan: 1, country: 1 }]), 'country'],
      [
        () =>
          price!.findByKey(
            Object.defineProperty({ plan: 1 }, 'country', { get: throwing, enumerable: true }),
          ),
        'country',
      ],
      [() => country!.findByKey({ name: 'France' }), undefined],
      [() => country!.findByKey([]), undefined],
    ]
    for (const [read, column] of columns) {
      await assert.rejects(read(), (error) => {
        assert.ok(error instanceof InvalidKeyError)
        assert.equal(error.column, column)
        assert.ok(!('key' in error))
        return true
      })
    }
    await assert.rejects(price!.findByKeyOrThrow({ country: 'FR', plan: 1 }), (error) => {
      assert.ok(error instanceof RowNotFoundError)
      assert.deepEqual(error.columns, ['country', 'plan'])
      assert.ok(!('key' in error))
      return true
    })
  })

  it('holds the key where errorKeys is set, outside its message', async () => {
    const { country, price } = data.repositories({ errorKeys: true })
    const composite = { country: 'SECRET\ud800', plan: 7 }
    const cases: [() => Promise<unknown>, unknown][] = [
      [() => country!.findByKey('SECRET\ud800'), 'SECRET\ud800'],
      [() => price!.findByKey(composite), composite],
      [() => country!.findByKeyOrThrow('SECRET'), 'SECRET'],
      [() => country!.findByKeys(['FR', 'SECRET\ud800']), 'SECRET\ud800'],
      [() => country!.findByKeyOrThrow(null), null],
    ]
    for (const [read, key] of cases) {
      await assert.rejects(read(), (error) => {
        assert.ok(error instanceof InvalidKeyError || error instanceof RowNotFoundError)
        assert.equal(error.key, key)
        assert.doesNotMatch(error.stack!, /SECRET/)
        return true
      })
    }
    assert.throws(() => data.repositories({ errorKeys: 'yes' as never }), /errorKeys must be true or false/)
  })

  it('has a short message whatever was given', async () => {
    const { country } = data.repositories()
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`column ${index}`, index]))
    const long = { ['x'.repeat(1_000_000)]: 1 }
    for (const given of [
      wide,
      long,
      { ...wide, ...long },
      Object.values(wide),
      'x'.repeat(1_000_000).concat('\ud800'),
    ]) {
      for (const read of [
        country!.findByKey(given),
        country!.findAllBy(given),
        country!.findByKeys([given]),
      ]) {
        await assert.rejects(read, (error) => {
          assert.ok(error instanceof InvalidKeyError)
          assert.ok(error.message.length < 1_000, `${error.message.length} characters`)
          return true
        })
      }
    }
    await assert.rejects(
      country!.findByKey(wide),
      /got an object with "column 0", .*"column 4" and 99995 more\.$/,
    )
  })

  it('refuses an array with gaps, and what is no array', async () => {
    const repos = data.repositories()
    await repos.$ready()
    const { Com_select } = await data.counter.during(async () => {
      const sparse = ['FR']
      sparse[3] = 'DE'
      for (const given of [sparse, new Array(2), 'FR', undefined, new Set(['FR']), { 0: 'FR', length: 1 }]) {
        for (const { country } of [repos, repos.$forRequest()]) {
          await assert.rejects(country!.findByKeys(given as never), (error) => {
            assert.ok(error instanceof InvalidKeyError)
            assert.match(error.message, /^country: expected an array of keys, got /)
            return true
          })
        }
      }
    })
    assert.equal(Com_select, 0)
  })

  it('refuses a DECIMAL as a number that may be the neighbour of what was meant', async () => {
    const { amount } = data.repositories()
    for (const value of [
      2 ** 53,
      2 ** 53 + 2,
      1e16,
      -(2 ** 60),
      0.12345678912345678,
      12345678.123456789,
      0.1 + 0.2,
    ]) {
      await assert.rejects(amount!.findByKey(value), InvalidKeyError, String(value))
    }
    const labels = await amount!.findByKeys([
      2 ** 53 - 1,
      0.5,
      0.1234567891,
      2n ** 53n + 1n,
      '9007199254740992',
      `1${'0'.repeat(16)}`,
    ])
    assert.deepEqual(
      labels.map((row) => row?.label),
      ['2^53 - 1', 'half', 'tenth', '2^53 + 1', '2^53', '10^16'],
    )
  })
})

function throwing(): never {
  throw new Error('no')
}
