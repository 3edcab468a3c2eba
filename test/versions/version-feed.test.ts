import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createDatabase, type PollMessage } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { type AnyDB, type AnyRepositories, type Lookups, lookups } from '../support/lookups.ts'

const INTERVAL = 50

/** The server's counters are read about once a second, what cannot be told by them every half minute. */
const COUNTERS_INTERVAL = 900

describe('the polls of a database', () => {
  let data: Lookups
  const names = Array.from({ length: 20 }, (_, index) => `item_${index}`)

  before(async () => {
    data = await lookups(
      names.flatMap((name) => [
        `create table ${name} (id int primary key, name varchar(20) not null) engine = InnoDB`,
        `insert into ${name} values (1, 'a')`,
      ]),
    )
    await createVersionTable(data.db)
    for (const name of names) await trackVersion(data.db, name)
  })
  after(() => data[Symbol.asyncDispose]())

  const cache = Object.fromEntries(names.map((name) => [name, 'versioned' as const]))
  const following = (options: object = {}) =>
    data.repositories({ cache, versions: { pollInterval: INTERVAL }, ...options })

  /** Lets so many polls end. Answers how many began until all was counted, how long (ms) that took, and the statements. */
  async function counted(many: number) {
    const channel = tracingChannel<unknown, PollMessage>('kysely-lookup:poll')
    const { promise: over, resolve } = Promise.withResolvers<void>()
    let polls = 0
    let left = many
    const begin = () => {
      polls++
    }
    const end = () => {
      if (--left === 0) resolve()
    }
    const began = performance.now()
    channel.start.subscribe(begin)
    try {
      const { Com_stmt_execute: statements } = await data.counter.during(() => {
        channel.asyncEnd.subscribe(end)
        return over
      })
      return { polls, statements, took: performance.now() - began }
    } finally {
      channel.start.unsubscribe(begin)
      channel.asyncEnd.unsubscribe(end)
    }
  }

  /** How many statements so many polls of so many databases may be: one began before they were counted, or they read counters too. */
  const mostStatements = ({ polls, took }: { polls: number; took: number }, databases = 1) =>
    polls + databases * (2 + Math.ceil(took / COUNTERS_INTERVAL))

  const mostPolls = (took: number, databases = 1) => databases * (1 + Math.ceil(took / (0.9 * INTERVAL)))

  it('are one statement each, and the counters of DDL once a second, when nothing changes', async () => {
    await using repos = following()
    await repos.$ready()
    await counted(3)
    const all = await counted(20)
    assert.ok(all.statements >= 19, JSON.stringify(all))
    assert.ok(all.statements <= mostStatements(all), JSON.stringify(all))
  })

  it('are those of one set for a hundred sets', async () => {
    const one = { cache: { item_3: 'versioned' } }
    const sets = Array.from({ length: 100 }, () => following(one))
    await Promise.all(sets.map((repos) => repos.$ready()))
    const all = await counted(20)
    assert.ok(all.polls <= mostPolls(all.took), JSON.stringify(all))
    assert.ok(all.statements <= mostStatements(all), JSON.stringify(all))
    const read = (repos: AnyRepositories) => repos.item_3!.findByKey(1)
    await Promise.all(sets.map(read))
    await data.run("update item_3 set name = 'b'")
    for (const repos of sets) while ((await read(repos))?.name !== 'b') await setTimeout(5)
    await Promise.all(sets.map((repos) => repos.$close()))
  })

  it('are at the shortest interval of those who follow, and end with the last of them', async () => {
    const slow = following({ versions: { pollInterval: 600_000 } })
    await slow.$ready()
    await slow.item_4!.findByKey(1)
    const fast = following()
    await fast.$ready()
    await data.run("update item_4 set name = 'b'")
    while ((await slow.item_4!.findByKey(1))?.name !== 'b') await setTimeout(5)
    await fast.$close()
    await slow.$close()
    const counts = await data.counter.during(() => setTimeout(4 * INTERVAL))
    assert.equal(counts.Com_stmt_execute, 0)
  })

  it('tell each set of the tables that it follows', async () => {
    await using one = data.repositories({
      cache: { item_5: 'versioned' },
      versions: { pollInterval: INTERVAL },
    })
    await using other = data.repositories({ cache: { item_6: 'immutable', item_5: 'versioned' } })
    await one.$ready()
    await other.$ready()
    await Promise.all([one.item_5!.findByKey(1), other.item_5!.findByKey(1), other.item_6!.findByKey(1)])
    await data.run("update item_5 set name = 'b'", "update item_6 set name = 'b'")
    for (const repos of [one, other]) {
      while ((await repos.item_5!.findByKey(1))?.name !== 'b') await setTimeout(5)
    }
    while ((await other.item_6!.findByKey(1))?.name !== 'b') await setTimeout(5)
  })

  it('are shared by instances with other plugins, not by another database', async () => {
    await using own = createDatabase<AnyDB>({ uri: data.test.url })
    const sets = [following(), following({ db: data.db.withoutPlugins() }), following({ db: own })]
    await Promise.all(sets.map((repos) => repos.$ready()))
    const all = await counted(40)
    assert.ok(all.polls <= mostPolls(all.took, 2), JSON.stringify(all))
    assert.ok(all.statements <= mostStatements(all, 2), JSON.stringify(all))
    await Promise.all(sets.map((repos) => repos.$close()))
  })
})
