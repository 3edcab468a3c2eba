import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { GraphQLInt, GraphQLList, GraphQLObjectType, GraphQLSchema, GraphQLString, graphql } from 'graphql'
import { type Kysely, sql } from 'kysely'
import {
  type AmbientLookups,
  ambient,
  ambientLookups,
  FAILED,
  nameIn,
  STOP,
} from '../support/ambient-lookups.ts'
import type { AnyDB, AnyRepositories, AnyTransaction, Lookups } from '../support/lookups.ts'

describe('an ambient transaction', () => {
  let data: Lookups
  let repos: AnyRepositories
  let stored: AmbientLookups['stored']
  let begin: AmbientLookups['begin']

  before(async () => {
    ;({ data, begin, stored } = await ambientLookups())
  })
  after(() => data[Symbol.asyncDispose]())
  beforeEach(async () => {
    repos = await begin()
  })

  const nameOf = (set: AnyRepositories | AnyTransaction = repos, table = 'plan', id = 1) =>
    nameIn(set, table, id)
  const rename = (name: string, id = 1) => repos.plan!.update(id, { name })
  /** `repos` under the type that a service takes. */
  const queries = () => (repos as unknown as { readonly $db: Kysely<AnyDB> }).$db

  it('is what repos reads and writes in, and nobody else sees it before COMMIT', async () => {
    const outer = await repos.plan!.findByKey(1)
    const result = await repos.$transaction(async (trx) => {
      assert.equal(await rename('inside'), 1)
      assert.equal(await repos.plan!.insert({ id: 3, name: 'three' }), 1)
      assert.equal(await repos.plan!.delete(2), 1)
      assert.equal(await nameOf(), 'inside')
      assert.equal(await nameOf(trx), 'inside')
      assert.equal((await repos.plan!.findByKeyOrThrow(3)).name, 'three')
      await assert.rejects(repos.plan!.findByKeyOrThrow(2), { code: 'KYSELY_LOOKUP_ROW_NOT_FOUND' })
      assert.deepEqual(
        (await repos.plan!.findByKeys([1, 2, 3])).map((row) => row?.name),
        ['inside', undefined, 'three'],
      )
      assert.deepEqual(
        (await repos.plan!.findAllBy({ tier: 1 })).map(({ id }) => id),
        [1, 3],
      )
      assert.equal(await stored(), 'one', 'not committed yet')
      return 'result'
    }, ambient)
    assert.equal(result, 'result')
    assert.deepEqual(
      [await stored(), await stored('plan', 2), await stored('plan', 3)],
      ['inside', undefined, 'three'],
    )
    assert.equal(await nameOf(), 'inside')
    assert.equal(outer?.name, 'one')
  })

  it('is rolled back if the function throws, and the process still holds what it held', async () => {
    for (const table of ['plan', 'rate']) await repos[table]!.findByKey(1)
    const counts = await data.counter.during(async () => {
      await assert.rejects(
        repos.$transaction(async () => {
          for (const table of ['plan', 'rate']) await repos[table]!.update(1, { name: 'never' })
          throw STOP
        }, ambient),
        STOP,
      )
      assert.deepEqual([await nameOf(), await nameOf(repos, 'rate')], ['one', 'one'])
    })
    assert.equal(counts.Com_rollback, 1)
    assert.deepEqual([await stored(), await stored('rate')], ['one', 'one'])
  })

  it('shows what all modes read as the transaction sees it, whatever the process holds', async () => {
    for (const table of ['plan', 'city', 'rate', 'note']) {
      await repos[table]!.findByKey(1)
      await repos
        .$transaction(async () => {
          await queries().updateTable(table).set({ name: 'raw' }).where('id', '=', 1).execute()
          assert.equal(await nameOf(repos, table), 'raw', table)
          assert.equal(repos[table]!.peek(1), undefined, 'the process is not asked')
          throw STOP
        }, ambient)
        .catch((error) => assert.equal(error, STOP))
      assert.equal(await nameOf(repos, table), 'one', table)
    }
  })

  it('all() reads what the transaction sees; preload() fills the cache of the process with committed rows', async () => {
    await repos
      .$transaction(async (trx) => {
        await rename('inside')
        for (const set of [repos, trx]) {
          assert.deepEqual(
            (await set.plan!.all()).map(({ name }) => name),
            ['inside', 'two'],
          )
        }
        await rename('again')
        assert.deepEqual(
          (await repos.plan!.all()).map(({ name }) => name),
          ['again', 'two'],
        )
        for (const set of [repos, trx]) assert.equal(await set.rate!.preload(), 2)
        await assert.rejects(repos.note!.all(), { code: 'KYSELY_LOOKUP_CONFIGURATION' })
        throw STOP
      }, ambient)
      .catch((error) => assert.equal(error, STOP))
    assert.equal(repos.rate!.peek(1)?.name, 'one')
    assert.deepEqual(
      (await repos.plan!.all()).map(({ name }) => name),
      ['one', 'two'],
    )
  })

  it('clear and prime concern what the transaction remembers', async () => {
    await repos.$transaction(async () => {
      const first = await repos.plan!.findByKey(1)
      assert.equal(await repos.plan!.findByKey(1), first)
      repos.plan!.clear(1)
      assert.notEqual(await repos.plan!.findByKey(1), first)
      repos.note!.prime({ id: 7, name: 'primed' })
      assert.equal(await nameOf(repos, 'note', 7), 'primed')
    }, ambient)
    assert.equal(await nameOf(repos, 'note', 7), undefined)
  })

  it('is joined by $transaction within it, with or without the option', async () => {
    const counts = await data.counter.during(() =>
      repos.$transaction(async (outer) => {
        await rename('outer')
        for (const options of [ambient, {}, { retries: 3 }]) {
          await repos.$transaction(async (inner) => {
            assert.equal(inner, outer)
            assert.equal(await nameOf(), 'outer')
            await rename('inner', 2)
          }, options)
        }
      }, ambient),
    )
    assert.equal(counts.Com_commit, 1)
    assert.deepEqual([await stored(), await stored('plan', 2)], ['outer', 'inner'])
  })

  it('cannot be joined under another isolation level', async () => {
    const level = { isolationLevel: 'serializable' } as const
    await repos.$transaction(async () => {
      await assert.rejects(
        repos.$transaction(async () => {}, level),
        { code: 'KYSELY_LOOKUP_CONFIGURATION', kind: 'transaction' },
      )
      await repos.$withoutTransaction(() => repos.$transaction(async () => {}, level))
    }, ambient)
    await repos.$transaction(() => repos.$transaction(async () => {}, level), { ...ambient, ...level })
  })

  it('is rolled back as a whole if what joined it fails, also where the error is caught', async () => {
    const nested = () =>
      repos.$transaction(async () => {
        await rename('half')
        throw STOP
      }, ambient)
    await assert.rejects(repos.$transaction(nested, ambient), STOP)
    await assert.rejects(
      repos.$transaction(async () => {
        await nested().catch(() => {})
      }, ambient),
      { ...FAILED, cause: STOP },
    )
    await assert.rejects(
      repos.$transaction(async () => {
        await nested().catch(() => {})
        await assert.rejects(repos.plan!.findByKey(2), FAILED)
        await assert.rejects(rename('rest', 2), FAILED)
        assert.throws(queries, FAILED)
      }, ambient),
      FAILED,
    )
    assert.deepEqual([await stored(), await stored('plan', 2)], ['one', 'two'])
  })

  it('goes on after an error of a statement that is caught, and after a savepoint', async () => {
    await repos.$transaction(async ({ $db }) => {
      await assert.rejects(repos.plan!.insert({ id: 1, name: 'again' }), { code: 'ER_DUP_ENTRY' })
      await rename('kept')
      await sql`savepoint here`.execute($db)
      await rename('undone')
      assert.equal(await nameOf(), 'undone')
      await sql`rollback to savepoint here`.execute($db)
      assert.equal(await nameOf(), 'kept')
    }, ambient)
    assert.equal(await stored(), 'kept')
  })

  it('concurrent ones, and what runs beside them, do not see each other', async () => {
    // Not the tracked table: connections may share a slot of its version, and wait for each other.
    const written = barrier(3)
    const read = barrier(3)
    const level = { ...ambient, isolationLevel: 'read committed' } as const
    const one = (id: number, other: string) =>
      repos.$transaction(async () => {
        await repos.note!.update(id, { name: `of ${id}` })
        await written()
        const names = [await nameOf(repos, 'note', id), await nameOf(repos, 'note', 3 - id)]
        await read()
        assert.deepEqual(names, [`of ${id}`, other])
      }, level)
    const beside = async () => {
      await written()
      const names = [await nameOf(repos, 'note'), await repos.$request(() => nameOf(repos, 'note'))]
      await repos.rate!.update(1, { name: 'beside' })
      await read()
      assert.deepEqual(names, ['one', 'one'])
    }
    await Promise.all([one(1, 'two'), one(2, 'one'), beside()])
    assert.deepEqual(
      [await stored('note'), await stored('note', 2), await stored('rate')],
      ['of 1', 'of 2', 'beside'],
    )
  })

  it('$withoutTransaction reads committed rows, and has a transaction of its own', async () => {
    await repos.$transaction(async () => {
      await rename('inside')
      assert.equal(await repos.$withoutTransaction(() => nameOf()), 'one')
      await repos.$withoutTransaction(() =>
        repos.$transaction(() => repos.note!.update(1, { name: 'apart' }), ambient),
      )
      assert.equal(await stored('note'), 'apart')
      assert.equal(await nameOf(), 'inside')
    }, ambient)
  })

  it('async generators and iterators read where they are asked for the next value', async () => {
    async function* names() {
      for (;;) yield await nameOf()
    }
    const shared = names()
    await repos
      .$transaction(async () => {
        await rename('inside')
        for await (const name of names()) {
          assert.equal(name, 'inside')
          break
        }
        assert.equal((await shared.next()).value, 'inside')
        throw STOP
      }, ambient)
      .catch((error) => assert.equal(error, STOP))
    assert.equal((await shared.next()).value, 'one')
  })

  it('events that are emitted within it, microtasks, timers and callbacks read in it', async () => {
    await repos
      .$transaction(async () => {
        await rename('inside')
        const seen = await Promise.all([
          new Promise((resolve) => process.nextTick(() => resolve(nameOf()))),
          new Promise((resolve) => setImmediate(() => resolve(nameOf()))),
          new Promise((resolve) => setTimeout(() => resolve(nameOf()), 1)),
          Promise.resolve().then(() => nameOf()),
        ])
        assert.deepEqual(seen, ['inside', 'inside', 'inside', 'inside'])
        throw STOP
      }, ambient)
      .catch((error) => assert.equal(error, STOP))
  })

  it('GraphQL resolvers read in it, with one statement a level', async () => {
    const plan = new GraphQLObjectType({
      name: 'Plan',
      fields: {
        name: { type: GraphQLString },
        city: { type: GraphQLString, resolve: ({ id }) => nameOf(repos, 'city', id) },
      },
    })
    const query = new GraphQLObjectType({
      name: 'Query',
      fields: {
        plans: {
          type: new GraphQLList(plan),
          args: { tier: { type: GraphQLInt } },
          resolve: (_, { tier }) => repos.plan!.findAllBy({ tier }),
        },
      },
    })
    const schema = new GraphQLSchema({ query })
    await repos.$transaction(async () => {
      await rename('inside')
      const counts = await data.counter.during(async () => {
        const answer = await graphql({ schema, source: '{ plans(tier: 1) { name city } }' })
        assert.deepEqual(JSON.parse(JSON.stringify(answer)), {
          data: {
            plans: [
              { name: 'inside', city: 'one' },
              { name: 'two', city: 'two' },
            ],
          },
        })
      })
      // Two of lookups, and what the session is asked after the write.
      assert.equal(counts.Com_select, 3)
    }, ambient)
  })

  it('in a request, and with requests inside: all read in it, and see the commit', async () => {
    const passed = repos.$forRequest()
    await repos.$request(async () => {
      assert.deepEqual(
        [await nameOf(), await nameOf(passed), await nameOf(repos, 'note')],
        ['one', 'one', 'one'],
      )
      await repos.$transaction(async () => {
        await passed.plan!.update(1, { name: 'inside' })
        await repos.note!.update(1, { name: 'inside' })
        assert.equal(await nameOf(passed), 'inside')
        assert.equal(await repos.$request(() => nameOf()), 'inside')
        assert.equal(await nameOf(repos.$forRequest()), 'inside')
      }, ambient)
      assert.deepEqual(
        [await nameOf(), await nameOf(passed), await nameOf(repos, 'note')],
        ['inside', 'inside', 'inside'],
      )
    })
  })

  it('belongs to one set of repositories', async () => {
    const others = data.repositories()
    await repos
      .$transaction(async () => {
        await rename('inside')
        assert.equal(await nameOf(others), 'one')
        throw STOP
      }, ambient)
      .catch((error) => assert.equal(error, STOP))
  })
})

/** Lets all go on once `count` have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let missing = count
  return () => {
    if (--missing === 0) resolve()
    return promise
  }
}
