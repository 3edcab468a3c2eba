import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AnyRepositories, type AnyRow, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { LOOKUP, racing } from '../support/races/racing.ts'

describe('what a request has seen, it keeps seeing', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(COUNTRIES)
    await data.track('country')
  })
  after(() => data[Symbol.asyncDispose]())

  /** Runs statements, and takes them back when the test is over. */
  async function changed(change: string, undo: string): Promise<AsyncDisposable> {
    await data.run(change)
    return { [Symbol.asyncDispose]: async () => void (await data.run(undo)) }
  }

  it('a primed row of an immutable table stays when another request loads it', async () => {
    const repos = data.repositories({ cache: { country: 'immutable' } })
    const [row] = await data.db.selectFrom('country').selectAll().where('code', '=', 'FR').execute()
    await repos.$request(async () => {
      repos.country!.prime(row!)
      const primed = await repos.country!.findByKey('FR')
      await repos.$forRequest().country!.findByKey('FR')
      assert.equal(await repos.country!.findByKey('FR'), primed)
      assert.equal(await repos.country!.findByKey({ alpha3: 'FRA' }), primed)
      assert.equal(await repos.country!.findByKey('fr'), primed)
      assert.equal((await repos.country!.findAllBy({ continent: 'EU' })).at(-1), primed)
    })
  })

  it('an absence of an immutable table stays, for what runs on after the end of the request too', async () => {
    const repos = data.repositories({ cache: { country: 'immutable' } })
    let readLate = async (): Promise<unknown> => 'never asked'
    await repos.$request(async () => {
      assert.equal(await repos.country!.findByKey('IT'), undefined)
      let go = () => {}
      const ended = new Promise<void>((resolve) => {
        go = resolve
      })
      const late = ended.then(() => repos.country!.findByKey('IT'))
      readLate = () => {
        go()
        return late
      }
    })
    const insert = "insert into country values ('IT', 'ITA', 'Italy', 'EU')"
    await using _ = await changed(insert, "delete from country where code = 'IT'")
    assert.equal((await repos.country!.findByKey('IT'))?.name, 'Italy')
    assert.equal(await readLate(), undefined)
  })

  /** Runs in a request that has seen France, after its end. */
  async function afterRequest(
    repos: AnyRepositories,
    meanwhile: () => Promise<unknown>,
    late: (seen: AnyRow) => Promise<void>,
  ): Promise<void> {
    await repos.country!.findByKey('FR')
    const ended = Promise.withResolvers<void>()
    let running: Promise<void> | undefined
    await repos.$request(async () => {
      const seen = await repos.country!.findByKeyOrThrow('FR')
      running = ended.promise.then(() => late(seen))
    })
    await meanwhile()
    ended.resolve()
    await running
  }

  it('a row that was dropped for others after the end of the request is refused once the table has changed', async () => {
    const cache = { country: { mode: 'versioned', maxRows: 2 } } as const
    const refused = { code: 'KYSELY_LOOKUP_SCOPE_ENDED' }
    const dropOthers = async (repos: AnyRepositories) => {
      for (const code of ['US', 'CA', 'DE']) await repos.country!.findByKey(code)
      assert.equal(repos.country!.peek('FR'), undefined)
    }
    await using same = data.repositories({ cache })
    await afterRequest(
      same,
      () => dropOthers(same),
      async (seen) => assert.equal(await same.country!.findByKey('FR'), seen, 'the table is the same'),
    )
    await using kept = data.repositories({ cache: { country: 'versioned' } })
    await using changing = data.repositories({ cache })
    await afterRequest(
      changing,
      async () => {
        await kept.country!.findByKey('FR')
        await dropOthers(changing)
      },
      async () => {
        await using _ = await changed(
          "update country set name = 'Gaul' where code = 'FR'",
          "update country set name = 'France' where code = 'FR'",
        )
        assert.equal((await changing.$forRequest().country!.findByKey('JP'))?.name, 'Japan')
        for (const key of ['FR', 'fr', { alpha3: 'FRA' }, 'XX'])
          await assert.rejects(changing.country!.findByKey(key), refused)
        await assert.rejects(changing.country!.findAllBy({ continent: 'EU' }), refused)
        await assert.rejects(changing.country!.findByKeys(['US', 'FR']), refused)
        assert.equal((await changing.$forRequest().country!.findByKey('FR'))?.name, 'Gaul')
        await afterRequest(
          kept,
          async () => {},
          async (seen) => assert.equal(await kept.country!.findByKey('FR'), seen, 'it has room'),
        )
      },
    )
  })

  for (const cache of [{}, { country: 'versioned' }] as const) {
    const mode = 'country' in cache ? 'versioned' : 'of the request alone'

    it(`a key that its row has got meanwhile finds nothing (${mode})`, async () => {
      const request = data.repositories({ cache }).$forRequest()
      const france = await request.country!.findByKey('FR')
      const change = "update country set alpha3 = 'XXX', continent = 'AS' where code = 'FR'"
      await using _ = await changed(
        change,
        "update country set alpha3 = 'FRA', continent = 'EU' where code = 'FR'",
      )
      assert.equal(await request.country!.findByKey({ alpha3: 'XXX' }), undefined)
      assert.equal(await request.country!.findByKey({ alpha3: 'FRA' }), france)
      const asian = await request.country!.findAllBy({ continent: 'AS' })
      assert.deepEqual(
        asian.map(({ code }) => code),
        ['JP'],
      )
      const [fresh] = await data.repositories().country!.findByKeys([{ alpha3: 'XXX' }])
      assert.equal(fresh?.code, 'FR')
    })
  }

  it('a spelling that found a row finds it again, however many others are asked for', async () => {
    const repos = data.repositories({ cache: { country: 'versioned' } })
    const spellings = ['fr', 'Fr', 'fR', 'fr ', 'Fr ', 'fR ', 'FR ', 'fr  ']
    await repos.country!.findByKeys(spellings.slice(0, 4))
    const request = repos.$forRequest()
    const row = await request.country!.findByKey('fr')
    await repos.country!.findByKeys(spellings)
    await using _ = await changed(
      "update country set code = 'XF' where code = 'FR'",
      "update country set code = 'FR' where code = 'XF'",
    )
    assert.equal(await request.country!.findByKey('fr'), row)
    assert.equal(
      await repos
        .$forRequest()
        .country!.findByKey('XF')
        .then((found) => found?.alpha3),
      'FRA',
    )
  })

  it('a row stays while its table is doubtful, refused and trusted again', async () => {
    await using own = await lookups(COUNTRIES)
    await own.track('country')
    await using repos = own.repositories({ cache: { country: 'versioned' }, versions: { pollInterval: 20 } })
    const ways = ['FR', 'fr', { alpha3: 'FRA' }]
    // The process holds all of it, so that the request remembers nothing itself.
    for (const key of ways) await repos.country!.findByKey(key)
    const request = repos.$forRequest()
    const seen = await request.country!.findByKey('FR')
    const sawAgain = async () => {
      // Hits alone would never let the poll run.
      await new Promise(setImmediate)
      for (const key of ways) assert.equal(await request.country!.findByKey(key), seen)
    }
    await sawAgain()
    const outside = async () => (await repos.country!.findByKey('FR'))?.name
    const [trigger] = await own.run(
      "select trigger_name name from information_schema.triggers where trigger_schema = database() and event_manipulation = 'UPDATE'",
    )
    await own.run(`drop trigger ${trigger!.name}`, "update country set name = 'Gaul' where code = 'FR'")
    for (let name: unknown = 'France'; name === 'France'; name = await outside()) await sawAgain()
    for (let isRefused = false; !isRefused; ) {
      await sawAgain()
      isRefused = await outside().then(
        () => false,
        (error: Error) => /trackVersion/.test(error.message),
      )
    }
    await sawAgain()
    await own.track('country')
    for (let name: unknown; name !== 'Gaul'; name = await outside().catch(() => undefined)) await sawAgain()
    await sawAgain()
  })
})

describe('a request that is told to forget a row', () => {
  const race = racing()

  it('does not get it back from a load that was under way, whatever key it was cleared by', async () => {
    const repos = await race.repositories()
    await repos.$request(async () => {
      const load = race.held.hold(LOOKUP)
      const early = repos.plan!.findByKey(1)
      await load.waiting
      await race.rename('Gratis')
      repos.plan!.clear({ code: 'free' })
      const [byKey, byCode] = [repos.plan!.findByKey(1), repos.plan!.findByKey({ code: 'free' })]
      load.release()
      assert.equal((await early)?.name, 'Free')
      assert.equal((await byKey)?.name, 'Gratis')
      assert.equal(await byCode, await byKey)
      assert.equal((await repos.plan!.findByKey(1))?.name, 'Gratis')
    })
  })
})

describe('$request', () => {
  it('waits for a thenable that is no promise, and asks it once', async () => {
    await using data = await lookups(COUNTRIES)
    const repos = data.repositories()
    let asked = 0
    const answer = repos.$request(() => ({
      // biome-ignore lint/suspicious/noThenProperty: query builders have one
      then(resolve: (row: unknown) => void, reject: (error: unknown) => void) {
        asked++
        repos.country!.findByKey('FR').then(async (row) => {
          const counts = await data.counter.during(() => repos.country!.findByKey('FR'))
          resolve({ row, statements: counts.Com_select })
        }, reject)
      },
    }))
    const { row, statements } = (await answer) as unknown as { row: { name: string }; statements: number }
    assert.equal(row.name, 'France')
    assert.equal(statements, 0)
    assert.equal(asked, 1)
  })
})
