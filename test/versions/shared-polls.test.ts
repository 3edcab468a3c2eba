import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { after, before, describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { MachineRecords, PollMessage, Store } from '../../src/index.ts'
import { machineClock } from '../../src/versions/machine-clock.ts'
import { openPollRecord, type PollRecord, sealPollRecord } from '../../src/versions/poll-record.ts'
import { type AnyRepositories, type Lookups, lookups } from '../support/lookups.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'
import { storeFolder } from '../support/store/stored-lookups.ts'
import { type PollingProcess, startPolling } from '../support/versions/polling-processes.ts'

const ITEM = [
  'create table item (id int primary key, name varchar(20) not null) engine = InnoDB',
  "insert into item values (1, 'a'), (2, 'a')",
]

describe('a process of a machine whose polls are shared', () => {
  let data: Lookups
  const clock = machineClock()!
  let polls = 0
  const polled = () => {
    polls++
  }

  before(async () => {
    data = await lookups(ITEM)
    await data.track('item')
    tracingChannel<unknown, PollMessage>('kysely-lookup:poll').asyncEnd.subscribe(polled)
  })
  after(async () => {
    tracingChannel<unknown, PollMessage>('kysely-lookup:poll').asyncEnd.unsubscribe(polled)
    await data[Symbol.asyncDispose]()
  })

  /** What the process finds is its own record, altered: as another process would have written it; none where that answers none. */
  function neighbour(alter: (own: PollRecord) => PollRecord | undefined) {
    let last: { readonly name: string; readonly sealed: string } | undefined
    const machine: MachineRecords = {
      get(name) {
        const own = last?.name === name ? openPollRecord(name, last.sealed) : undefined
        const found = own && neighbour.alter(own)
        return found && sealPollRecord(name, found)
      },
      async put(name, sealed) {
        last = { name, sealed }
      },
    }
    const store: Store = { ...createMemoryStore(), machine }
    const neighbour = { alter, store }
    return neighbour
  }

  /** Sent just now. */
  const fresh = (own: PollRecord): PollRecord => ({
    ...own,
    sentAt: clock.monotonic() - 1,
    sentAtWall: clock.wall() - 1,
  })

  const following = (store: Store, pollInterval = 50) =>
    data.repositories({ cache: { item: 'versioned' }, store, versions: { pollInterval } })

  const verifiedAge = (repos: AnyRepositories) => repos.$stats().item!.verifiedAge ?? 1e9

  /** When versions were verified, to be between these: the process may be held up between two looks at the clock. */
  function verifiedAt(repos: AnyRepositories): { readonly earliest: number; readonly latest: number } {
    const before = performance.now()
    const age = verifiedAge(repos)
    return { earliest: before - age, latest: performance.now() - age }
  }

  /** Resolves when versions were verified once more; answers whether no poll of its own has ended meanwhile. */
  async function verifiedByOthers(repos: AnyRepositories): Promise<boolean> {
    const [{ latest }, before] = [verifiedAt(repos), polls]
    while (verifiedAt(repos).earliest < latest + 5) await pause(5)
    return polls === before
  }

  async function verifiedOftenByOthers(repos: AnyRepositories): Promise<void> {
    for (let row = 0; row < 3; ) row = (await verifiedByOthers(repos)) ? row + 1 : 0
  }

  async function polledOften(): Promise<void> {
    const before = polls
    while (polls < before + 4) await pause(5)
  }

  async function currentVersion(): Promise<number> {
    const [row] = await data.run(
      "select cast(sum(version) as char) version from lookup_version where table_name = 'item'",
    )
    return Number(row!.version)
  }

  const withVersion = (own: PollRecord, version: number): PollRecord => ({
    ...own,
    rows: own.rows.map(([table, , slots]) => [table, version, slots]),
  })

  it('takes over what another one has read, and polls as soon as nothing comes', async () => {
    const other = neighbour(fresh)
    await using repos = following(other.store)
    await repos.$ready()
    assert.equal((await repos.item!.findByKey(1))?.name, 'a')
    await verifiedOftenByOthers(repos)
    await data.run("update item set name = 'b' where id = 1")
    const version = await currentVersion()
    const before = polls
    other.alter = (own) => withVersion(fresh(own), version)
    while ((await repos.item!.findByKey(1))?.name !== 'b') await pause(5)
    assert.equal(polls, before)
    other.alter = () => undefined
    await polledOften()
    other.alter = (own) => ({ ...own, sentAt: own.sentAt + 1, sentAtWall: own.sentAtWall - 60_000 })
    await polledOften()
  })

  const refused: readonly [what: string, alter: (own: PollRecord) => PollRecord][] = [
    ['says less than it knows', (own) => withVersion(fresh(own), own.rows[0]![1] - 1)],
    ['lacks the table', (own) => ({ ...fresh(own), rows: [] })],
    [
      'lacks a version row',
      (own) => ({ ...fresh(own), rows: own.rows.map(([name, version]) => [name, version, 15]) }),
    ],
    ['is as old as an interval', (own) => ({ ...own, sentAt: clock.monotonic() - 50 })],
    [
      'was sent before the machine was suspended',
      (own) => ({ ...fresh(own), sentAtWall: clock.wall() - 50 }),
    ],
    ['is of the future', (own) => ({ ...own, sentAt: clock.monotonic() + 1_000 })],
    ['is its own', (own) => own],
  ]
  for (const [what, alter] of refused) {
    it(`polls for itself where a record ${what}`, async () => {
      const other = neighbour(alter)
      await using repos = following(other.store)
      await repos.$ready()
      const held = await repos.item!.findByKey(1)
      const { generations } = repos.$stats().item!
      for (let count = 0; count < 6; count++) assert.equal(await verifiedByOthers(repos), false)
      assert.equal(await repos.item!.findByKey(1), held)
      assert.equal(repos.$stats().item!.generations, generations)
    })
  }

  it('asks the server when it is told to look', async () => {
    await using repos = following(neighbour(fresh).store)
    await repos.$ready()
    await repos.item!.findByKey(2)
    await verifiedOftenByOthers(repos)
    await data.run("update item set name = 'c' where id = 2")
    const before = polls
    await repos.$refresh()
    assert.ok(polls > before)
    assert.equal((await repos.item!.findByKey(2))?.name, 'c')
  })

  it('takes nothing over that was sent before its own commit', async () => {
    const interval = 400
    const other = neighbour(() => undefined)
    await using repos = following(other.store, interval)
    await repos.$ready()
    await repos.item!.findByKey(1)
    const write = {
      update: () => repos.item!.update(1, { name: 'd' }),
      transaction: () => repos.$transaction((trx) => trx.item!.update(1, { name: 'e' })),
    }
    for (const [way, commit] of Object.entries(write)) {
      const before = polls
      while (polls === before) await pause(5)
      while (verifiedAge(repos) < interval / 2) await pause(5)
      const sent = { sentAt: clock.monotonic(), sentAtWall: clock.wall() }
      await commit()
      other.alter = (own) => ({ ...own, ...sent })
      assert.equal(await verifiedByOthers(repos), false, way)
      other.alter = () => undefined
    }
  })
})

describe('the processes of a machine', () => {
  let data: Lookups
  let folder: Awaited<ReturnType<typeof storeFolder>>

  before(async () => {
    data = await lookups(ITEM)
    await data.track('item')
    folder = await storeFolder()
  })
  after(async () => {
    await folder[Symbol.asyncDispose]()
    await data[Symbol.asyncDispose]()
  })

  const start = (pollInterval: number) =>
    startPolling({ url: data.test.url, path: folder.path, tables: data.tables, pollInterval })

  const write = (name: string) => data.run(`update item set name = '${name}' where id = 1`)

  async function endAll(processes: readonly PollingProcess[]): Promise<void> {
    await Promise.all(processes.map((one) => one[Symbol.asyncDispose]()))
  }

  /** How many statements so many processes send in an interval (ms), to follow versions. */
  async function rate(count: number, interval: number): Promise<number> {
    const processes = await Promise.all(Array.from({ length: count }, () => start(interval)))
    try {
      // The first polls are their own.
      await pause(2.5 * interval)
      const sum = async () =>
        (await Promise.all(processes.map((one) => one.report()))).reduce((all, { sent }) => all + sent, 0)
      const [began, before] = [performance.now(), await sum()]
      await pause(7 * interval)
      return ((await sum()) - before) / ((performance.now() - began) / interval)
    } finally {
      await endAll(processes)
    }
  }

  it('send about the polls of one', async (t) => {
    const rates: string[] = []
    // Who gets no processor for a while finds the last poll too old: for longer intervals that has to last longer.
    for (const interval of [600, 1_200, 2_400, 4_800, 9_600]) {
      const one = await rate(1, interval)
      const eight = await rate(8, interval)
      rates.push(`${one.toFixed(2)} and ${eight.toFixed(2)} statements in ${interval} ms`)
      t.diagnostic(rates.at(-1)!)
      assert.ok(one > 0.5)
      if (eight <= 1.5 * one) return
    }
    assert.fail(rates.join(', '))
  })

  it('see changes that another one has polled for, and TRUNCATE', async () => {
    const busy = await start(50)
    const idle = await start(3_000)
    try {
      const { polls } = await idle.report()
      for (const name of ['b', 'c']) {
        await write(name)
        await idle.reads(name)
      }
      assert.equal((await idle.report()).polls, polls)
      await data.run('truncate table item')
      await idle.reads(null)
      await data.run("insert into item values (1, 'a')")
      await idle.reads('a')
    } finally {
      await endAll([busy, idle])
    }
  })

  it('go on without the one that polls, and go on with it when it is back', async () => {
    const processes = await Promise.all([start(100), start(100), start(100)])
    const [first, second, third] = processes as [PollingProcess, PollingProcess, PollingProcess]
    try {
      first.signal('SIGSTOP')
      await write('d')
      await second.reads('d')
      first.signal('SIGCONT')
      await first.reads('d')
      second.signal('SIGKILL')
      await write('e')
      await first.reads('e')
      third.signal('SIGSTOP')
      await write('f')
      await first.reads('f')
      third.signal('SIGCONT')
      await third.reads('f')
    } finally {
      await endAll(processes)
    }
  })
})
