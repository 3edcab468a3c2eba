import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ConfigurationError, createDatabase } from '../../src/index.ts'
import { amend, createVersionTable, freeze, trackVersion } from '../../src/migration/index.ts'
import { type AnyDB, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { readStatementForms } from '../support/statement-forms.ts'

describe("a 'versioned' table", () => {
  let data: Lookups

  before(async () => {
    data = await lookups(COUNTRIES)
    await data.track('country')
  })
  after(() => data[Symbol.asyncDispose]())

  /** Polls as soon as it can; `until` waits for what a poll brings. */
  function versioned(options: object = {}) {
    return data.repositories({ cache: { country: 'versioned' }, versions: { pollInterval: 5 }, ...options })
  }

  const quiet = () => data.repositories({ cache: { country: 'versioned' } })

  async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 300_000
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error('what was waited for did not come')
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  it('keeps rows, absences and lists process-wide for one version', async () => {
    const repos = quiet()
    await repos.$ready()
    const read = () =>
      repos.$request(async () => [
        await repos.country!.findByKey('fr'),
        await repos.country!.findByKey({ alpha3: 'FRA' }),
        await repos.country!.findByKey('XX'),
        await repos.country!.findAllBy({ continent: 'EU' }),
      ])
    const first = await read()
    let again: unknown[] = []
    const counts = await data.counter.during(async () => {
      again = await read()
      assert.equal(await repos.country!.findByKey('fr'), first[0])
      assert.equal(await repos.country!.findByKey('XX'), undefined)
    })
    assert.equal(counts.Com_select, 0)
    assert.deepEqual(again, first)
    assert.equal(again[0], first[0])
  })

  it('answers all rows of one version, from the cache when complete', async () => {
    const repos = quiet()
    await repos.$ready()
    const first = await repos.country!.all()
    assert.deepEqual(
      first.map((row) => row.code),
      ['CA', 'DE', 'FR', 'JP', 'US'],
    )
    const counts = await data.counter.during(async () => {
      assert.deepEqual(await repos.country!.all(), first)
      assert.deepEqual(await repos.$request(() => repos.country!.all()), first)
      assert.equal(await repos.country!.findByKey('DE'), first[1])
    })
    assert.equal(counts.Com_select, 0)
    await assert.rejects(data.repositories().country!.all(), /only a versioned or expiring table has it/)
  })

  it('remembers that a table is empty, at one version', async () => {
    await using other = await lookups([
      'create table plan (id int not null primary key, name varchar(20) not null)',
    ])
    await createVersionTable(other.db)
    await trackVersion(other.db, 'plan')
    const repos = other.repositories({ cache: { plan: 'versioned' } })
    assert.deepEqual(await repos.plan!.all(), [])
    const counts = await other.counter.during(async () => assert.deepEqual(await repos.plan!.all(), []))
    assert.equal(counts.Com_select, 0)
    await repos.plan!.insert({ id: 1, name: 'free' })
    assert.deepEqual(await repos.plan!.all(), [{ id: 1, name: 'free' }])
  })

  it('reads the whole table in one statement for all concurrent callers, and for those who ask meanwhile', async () => {
    const repos = quiet()
    await repos.$ready()
    const ask = () => [
      repos.country!.all(),
      repos.country!.preload(),
      repos.$request(() => repos.country!.all()),
      repos.$forRequest().country!.all(),
    ]
    const counts = await data.counter.during(async () => {
      const first = Promise.all([...ask(), ...ask()])
      await new Promise((resolve) => setImmediate(resolve))
      const [one, rows, ...others] = await Promise.all([...ask(), first])
      assert.equal(rows, 5)
      for (const other of others.flat(2)) {
        if (typeof other === 'object' && 'code' in other)
          assert.ok((one as readonly unknown[]).includes(other))
      }
    })
    assert.equal(counts.Com_select, 1)
  })

  it('shows a change by anyone after the next poll', async () => {
    await using repos = versioned()
    assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
    await data.run("update country set name = 'Nippon' where code = 'JP'")
    await until(async () => (await repos.country!.findByKey('JP'))?.name === 'Nippon')
    await data.run("update country set name = 'Japan' where code = 'JP'")
    await until(async () => (await repos.country!.findByKey('JP'))?.name === 'Japan')
    assert.equal(await repos.country!.findByKey('NZ'), undefined)
    await data.run("insert into country values ('NZ', 'NZL', 'New Zealand', 'OC')")
    await until(async () => (await repos.country!.findByKey('NZ')) !== undefined)
    await data.run("delete from country where code = 'NZ'")
    await until(async () => (await repos.country!.findByKey('NZ')) === undefined)
  })

  it('shows a change without a poll once a load reads the newer version', async () => {
    const repos = quiet()
    assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
    await data.run("update country set name = 'Nippon' where code = 'JP'")
    try {
      assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan', 'still the cached version')
      assert.equal((await repos.country!.findByKey('US'))?.name, 'United States')
      assert.equal((await repos.country!.findByKey('JP'))?.name, 'Nippon')
    } finally {
      await data.run("update country set name = 'Japan' where code = 'JP'")
    }
  })

  it('a request keeps seeing what it has seen', async () => {
    const repos = quiet()
    await repos.$request(async () => {
      const seen = await repos.country!.findByKey('JP')
      const absent = await repos.country!.findByKey('NZ')
      const list = await repos.country!.findAllBy({ continent: 'AS' })
      await data.run(
        "update country set name = 'Nippon' where code = 'JP'",
        "insert into country values ('NZ', 'NZL', 'New Zealand', 'OC')",
      )
      try {
        // Elsewhere in the process a load brings the newer version.
        await repos.$forRequest().country!.findByKey('QQ')
        assert.equal((await repos.$forRequest().country!.findByKey('NZ'))?.code, 'NZ')
        assert.equal(await repos.country!.findByKey('JP'), seen)
        assert.equal(await repos.country!.findByKey({ alpha3: 'JPN' }), seen)
        assert.equal(await repos.country!.findByKey('NZ'), absent)
        assert.equal(await repos.country!.findAllBy({ continent: 'AS' }), list)
        assert.equal((await repos.$forRequest().country!.findByKey('JP'))?.name, 'Nippon')
      } finally {
        await data.run(
          "update country set name = 'Japan' where code = 'JP'",
          "delete from country where code = 'NZ'",
        )
      }
    })
  })

  it('shows a request a row in one version only, even from a bounded cache', async () => {
    const repos = data.repositories({ cache: { country: { mode: 'versioned', maxRows: 1 } } })
    await repos.$request(async () => {
      const seen = await repos.country!.findByKey('JP')
      await repos.country!.findByKey('US')
      await data.run("update country set name = 'Nippon' where code = 'JP'")
      try {
        assert.equal((await repos.$forRequest().country!.findByKey('JP'))?.name, 'Nippon')
        assert.equal(await repos.country!.findByKey('JP'), seen)
      } finally {
        await data.run("update country set name = 'Japan' where code = 'JP'")
      }
    })
  })

  it('is refused before the first read when changes would go unnoticed, with the helper to call', async () => {
    await using other = await lookups([...COUNTRIES, 'create table plain (id int not null primary key)'])
    const read = async () => {
      const repos = other.repositories({ cache: { country: 'versioned' } })
      await assert.rejects(repos.$ready(), ConfigurationError)
      assert.equal(await repos.plain!.findByKey(1), undefined, 'other tables are not concerned')
      return repos.country!.findByKey('FR')
    }
    await assert.rejects(
      read(),
      /lookup_version does not exist.*createVersionTable\(db\) and then trackVersion/,
    )
    await createVersionTable(other.db)
    await assert.rejects(read(), /0 of its 16 rows.*trackVersion\(db, "country"\)/)
    await trackVersion(other.db, 'country')
    await other.run('delete from lookup_version where slot = 3')
    await assert.rejects(read(), /15 of its 16 rows/)
    await trackVersion(other.db, 'country')
    const [trigger] = await other.run('show triggers')
    await other.run(`drop trigger \`${trigger?.Trigger}\``)
    await assert.rejects(read(), /trigger .* is missing/)
    await trackVersion(other.db, 'country')
    assert.equal(
      (await other.repositories({ cache: { country: 'versioned' } }).country!.findByKey('fr'))?.code,
      'FR',
    )
  })

  it('is refused, and so is a frozen one, where the user may not read the versions', async () => {
    const name = `reader_${data.test.name}`
    await data.run(`create user ${name} identified by 'reader'`)
    await data.run(`grant select on ${data.test.name}.country to ${name}`)
    const url = Object.assign(new URL(data.test.url), { username: name, password: 'reader' })
    const db = createDatabase<AnyDB>({ uri: url.href })
    try {
      const { country } = data.tables
      for (const mode of ['immutable', 'versioned'] as const) {
        const repos = data.repositories({ db, tables: { country: country! }, cache: { country: mode } })
        await assert.rejects(repos.country!.findByKey('FR'), { code: 'KYSELY_LOOKUP_CONFIGURATION' })
        await repos.$close()
      }
    } finally {
      await db.destroy()
      await data.run(`drop user ${name}`)
    }
  })

  it('is refused when its version rows vanish, and never answers an absence', async () => {
    await using other = await lookups(COUNTRIES)
    await createVersionTable(other.db)
    await trackVersion(other.db, 'country')
    for (const statementForm of await readStatementForms()) {
      const repos = other.repositories({
        ...{ cache: { country: 'versioned' }, statementForm },
        // A poll would find out too, and say it in other words.
        versions: { pollInterval: 600_000 },
      })
      await repos.$ready()
      await other.run('delete from lookup_version')
      await assert.rejects(repos.country!.findByKey('FR'), /no rows for it.*trackVersion/)
      await assert.rejects(repos.country!.findAllBy({ continent: 'EU' }), /no rows for it/)
      await assert.rejects(repos.country!.all(), /no rows for it/)
      await trackVersion(other.db, 'country')
      await other.run('delete from lookup_version where slot = 0')
      await assert.rejects(repos.country!.findByKey('IT'), /no rows for it.*trackVersion/)
      await trackVersion(other.db, 'country')
      assert.equal((await repos.country!.findByKey('FR'))?.code, 'FR')
    }
  })

  it('answers the same without JSON_TABLE', async () => {
    const repos = data.repositories({ cache: { country: 'versioned' }, statementForm: 'union_all' })
    const rows = await repos.country!.findByKeys(['fr', 'XX', 'FR', 'DE'])
    assert.deepEqual(
      rows.map((row) => row?.code),
      ['FR', undefined, 'FR', 'DE'],
    )
    assert.deepEqual(
      (await repos.country!.findAllBy({ continent: 'EU' })).map((row) => row.code),
      ['DE', 'FR'],
    )
    const counts = await data.counter.during(() => repos.country!.findByKeys(['fr', 'XX', 'FR', 'DE']))
    assert.equal(counts.Com_select, 0)
  })

  it('notices that it was swapped for another table, even at the same version', async () => {
    await using repos = versioned()
    assert.equal((await repos.country!.findByKey('CA'))?.name, 'Canada')
    await repos.country!.findByKey('CA')
    const generations = repos.$stats().country!.generations
    // The server knows the time at which a table was made to the second.
    await until(async () => {
      const [row] = await data.run(
        "select now() > max(create_time) as later from information_schema.tables where table_schema = database() and table_name = 'country'",
      )
      return Number(row?.later) === 1
    })
    await data.run(
      'create table other like country',
      'insert into other select * from country',
      'rename table country to gone, other to country',
    )
    await until(() => repos.$stats().country!.generations > generations)
  })

  it('notices an amendment of an immutable table, even right after the first read', async () => {
    await using other = await lookups(COUNTRIES)
    await createVersionTable(other.db)
    await freeze(other.db, 'country')
    await using repos = other.repositories({
      cache: { country: 'immutable' },
      versions: { pollInterval: 5 },
    })
    assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
    await amend(other.db, 'country', (trx) =>
      trx.updateTable('country').set({ name: 'Nippon' }).where('code', '=', 'JP').execute(),
    )
    await until(async () => (await repos.country!.findByKey('JP'))?.name === 'Nippon')
  })
})
