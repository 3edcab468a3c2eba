import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ConfigurationError, InvalidKeyError, RowNotFoundError } from '../../src/index.ts'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { readStatementForms } from '../support/statement-forms.ts'

const TABLES = [
  ...COUNTRIES,
  `create table city (id int primary key, country_code char(2) character set utf8mb4 collate utf8mb4_general_ci not null,
    iso3 char(3) character set ascii collate ascii_bin, twin_id int,
    constraint city_country foreign key (country_code) references country (code) on update cascade,
    constraint city_iso3 foreign key (iso3) references country (alpha3),
    constraint city_twin foreign key (twin_id) references city (id))`,
  "insert into city values (1, 'FR', 'FRA', null), (2, 'fr', null, 1), (3, 'DE', 'DEU', 2), (4, 'JP', null, 4)",
  `create table price (country_code char(2) character set utf8mb4 collate utf8mb4_general_ci, valid_from datetime(3),
    amount decimal(9,2) not null, primary key (country_code, valid_from))`,
  "insert into price values ('FR', '2026-01-01 00:00:00.250', 9.90), ('DE', '2026-01-01', 8.90)",
  `create table purchase (id int primary key, country_code char(2) character set utf8mb4 collate utf8mb4_general_ci,
    price_from datetime(3), constraint purchase_price foreign key (country_code, price_from) references price (country_code, valid_from))`,
  "insert into purchase values (1, 'FR', '2026-01-01 00:00:00.250'), (2, 'DE', null), (3, null, null), (4, 'de', '2026-01-01')",
]

describe('findReferenced', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(TABLES)
    await data.track('country', 'city')
  })
  after(() => data[Symbol.asyncDispose]())

  it('finds the rows that rows refer to, with one statement for all of them', async () => {
    const repos = data.repositories().$forRequest()
    const cities = await repos.city!.findByKeys([1, 2, 3, 4])
    const counts = await data.counter.during(async () => {
      const countries = await Promise.all(
        cities.map((city) => repos.city!.findReferenced(city!, 'country_code')),
      )
      assert.deepEqual(
        countries.map((country) => country?.name),
        ['France', 'France', 'Germany', 'Japan'],
      )
      assert.equal(countries[0], countries[1], 'fr is FR under this collation')
    })
    assert.equal(counts.Com_select, 1)
    const again = await data.counter.during(async () => {
      const france = await repos.city!.findReferenced(cities[0]!, 'country_code')
      assert.equal(france, await repos.country!.findByKey('FR'), 'the same object, remembered')
    })
    assert.equal(again.Com_select, 0)
  })

  it('follows keys of other unique keys, of the table itself and of several columns', async () => {
    for (const statementForm of await readStatementForms()) {
      const repos = data.repositories({ statementForm }).$forRequest()
      const germanCity = await repos.city!.findByKeyOrThrow(3)
      assert.equal((await repos.city!.findReferenced(germanCity, 'iso3'))?.code, 'DE')
      assert.equal((await repos.city!.findReferenced(germanCity, 'twin_id'))?.id, 2)
      const own = await repos.city!.findByKeyOrThrow(4)
      assert.equal(await repos.city!.findReferenced(own, 'twin_id'), own)
      const [first, , , fourth] = await repos.purchase!.findByKeys([1, 2, 3, 4])
      assert.equal((await repos.purchase!.findReferenced(first!, 'purchase_price'))?.amount, '9.90')
      assert.equal((await repos.purchase!.findReferenced(fourth!, 'purchase_price'))?.amount, '8.90')
    }
  })

  it('resolves to undefined without a statement if a part is null', async () => {
    const repos = data.repositories().$forRequest()
    const cities = await repos.city!.findByKeys([1, 2])
    const purchases = await repos.purchase!.findByKeys([2, 3])
    const counts = await data.counter.during(async () => {
      assert.equal(await repos.city!.findReferenced(cities[0]!, 'twin_id'), undefined)
      assert.equal(await repos.city!.findReferenced(cities[1]!, 'iso3'), undefined)
      for (const purchase of purchases) {
        assert.equal(await repos.purchase!.findReferenced(purchase!, 'purchase_price'), undefined)
        await assert.rejects(
          repos.purchase!.findReferencedOrThrow(purchase!, 'purchase_price'),
          (error: unknown) => error instanceof RowNotFoundError && error.table === 'price',
        )
      }
    })
    assert.equal(counts.Com_select, 0)
  })

  it('accepts a row of a plain query, and one with only the columns of the key', async () => {
    const repos = data.repositories().$forRequest()
    const plain = await data.db
      .selectFrom('purchase')
      .selectAll()
      .where('id', '=', 1)
      .executeTakeFirstOrThrow()
    assert.equal((await repos.purchase!.findReferencedOrThrow(plain, 'purchase_price')).amount, '9.90')
    assert.equal(
      (await repos.city!.findReferencedOrThrow({ country_code: 'JP' }, 'country_code')).name,
      'Japan',
    )
  })

  it('rejects, without a statement, for a row without the columns and for a foreign key that does not exist', async () => {
    const { city, purchase } = data.repositories().$forRequest()
    await city!.findByKey(1)
    const counts = await data.counter.during(async () => {
      for (const row of [{}, { country_code: undefined }, undefined, null, 5]) {
        await assert.rejects(city!.findReferenced(row as never, 'country_code'), InvalidKeyError)
        await assert.rejects(city!.findReferencedOrThrow(row as never, 'country_code'), InvalidKeyError)
      }
      await assert.rejects(
        purchase!.findReferenced({ country_code: null }, 'purchase_price'),
        /purchase: expected a row with country_code, price_from, got one without price_from/,
      )
      await assert.rejects(city!.findReferenced({ country_code: 5 }, 'country_code'), {
        name: 'InvalidKeyError',
        message: /^country: column code: expected/,
      })
      for (const name of ['country', 'city_country', 'toString', '__proto__']) {
        await assert.rejects(city!.findReferenced({ country_code: 'FR' }, name), ConfigurationError)
      }
      await assert.rejects(
        city!.findReferenced({}, 'country'),
        /city has no foreign key "country" in the generated metadata\. It has country_code, iso3, twin_id\./,
      )
    })
    assert.equal(counts.Com_select, 0)
    assert.equal('findReferenced' in data.repositories().country!, false, 'a table without foreign keys')
  })

  it('rejects with RowNotFoundError only if a row must exist, and names what to use instead', async () => {
    const { city } = data.repositories().$forRequest()
    assert.equal(await city!.findReferenced({ country_code: 'XX' }, 'country_code'), undefined)
    await assert.rejects(
      city!.findReferencedOrThrow({ country_code: 'XX' }, 'country_code'),
      (error: unknown) => {
        assert.ok(error instanceof RowNotFoundError)
        assert.equal(
          error.message,
          'country: no row for the given code. Use findReferenced where an absence is expected.',
        )
        return true
      },
    )
  })

  it('finds what the process caches, with the promise of a hit and without a statement', async () => {
    const repos = data.repositories({ cache: { country: 'versioned', city: 'versioned' } })
    try {
      const city = await repos.city!.findByKeyOrThrow(1)
      const france = await repos.country!.findByKeyOrThrow('FR')
      const counts = await data.counter.during(async () => {
        assert.equal(await repos.city!.findReferenced(city, 'country_code'), france)
        assert.equal(
          repos.city!.findReferenced(city, 'country_code'),
          repos.country!.findByKey('FR'),
          'the same promise',
        )
        assert.equal(await repos.$forRequest().city!.findReferenced(city, 'country_code'), france)
      })
      assert.equal(counts.Com_select, 0)
    } finally {
      await repos.$close()
    }
  })

  it('reads where the repository reads: in its request, and in its transaction', async () => {
    const repos = data.repositories({ cache: { country: 'versioned' } })
    const rollback = new Error('rollback')
    try {
      const city = await repos.city!.findByKeyOrThrow(3)
      const germany = await repos.city!.findReferencedOrThrow(city, 'country_code')
      await assert.rejects(
        repos.$transaction(async (trx) => {
          await trx.country!.update('DE', { name: 'Deutschland' })
          assert.equal((await trx.city!.findReferenced(city, 'country_code'))?.name, 'Deutschland')
          assert.equal(await repos.city!.findReferenced(city, 'country_code'), germany)
          throw rollback
        }),
        rollback,
      )
      assert.equal(await repos.city!.findReferenced(city, 'country_code'), germany)
      const request = repos.$forRequest()
      request.country!.prime({ code: 'ZZ', alpha3: 'ZZZ', name: 'Nowhere', continent: 'XX' })
      assert.equal(
        (await request.city!.findReferenced({ country_code: 'ZZ' }, 'country_code'))?.name,
        'Nowhere',
      )
      assert.equal(await repos.city!.findReferenced({ country_code: 'ZZ' }, 'country_code'), undefined)
    } finally {
      await repos.$close()
    }
  })
})
