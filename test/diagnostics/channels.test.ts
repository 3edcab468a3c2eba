import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { batchChannel, loadChannel, pollChannel } from '../../src/diagnostics/channels.ts'
import { type BatchMessage, ConfigurationError, createDatabase, type LoadMessage } from '../../src/index.ts'
import { type AnyDB, COUNTRIES, type Lookups, lookups, numbered } from '../support/lookups.ts'
import { KEYS_FROM, readStatementForms } from '../support/statement-forms.ts'
import { listen } from '../support/telemetry/heard.ts'

describe('the diagnostics channels', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...COUNTRIES, ...numbered('item', 20)])
    await data.track('country')
  })
  after(() => data[Symbol.asyncDispose]())

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
  }

  const versionedCountry = (more: object = {}) =>
    data.repositories({ cache: { country: 'versioned' }, ...more })

  it('publish what a batch sends, for which calls, and its outcome, without keys or rows', async () => {
    const repos = data.repositories()
    await repos.$ready()
    const [form] = await readStatementForms()
    using heard = listen()
    await Promise.all([
      repos.$request(() => repos.country!.findByKeys(['FR', 'XX'])),
      repos.$request(() => repos.country!.findByKey('FR')),
      repos.country!.findByKey({ alpha3: 'JPN' }),
      repos.country!.findAllBy({ continent: 'EU' }),
    ])
    const { hostname, port } = new URL(data.test.url)
    const subject = {
      table: 'country',
      inTransaction: false,
      database: {
        system: data.test.system,
        name: data.test.name,
        address: hostname,
        port: Number(port),
      },
    }
    const primary = { ...subject, kind: 'row', index: 'PRIMARY', columns: ['code'] }
    const alpha3 = { ...subject, kind: 'row', index: 'country_alpha3', columns: ['alpha3'] }
    const continent = { ...subject, kind: 'list', index: 'country_continent', columns: ['continent'] }
    const shown = heard.batch.map(({ statements, loads, run: _, ...message }) => {
      assert.equal(statements.length, 1)
      if (message.keys === 1 && message.kind === 'row') {
        assert.match(statements[0]!, /^select .* from `country` t .* where .*\?/)
      } else {
        assert.match(statements[0]!, /^select k\.o, .* left join `country`/)
        assert.ok(statements[0]!.includes(KEYS_FROM[form]), statements[0])
      }
      assert.ok(loads.every((load) => load.batch?.loads === loads))
      return { ...message, loads: loads.length, result: undefined }
    })
    const byIndex = (a: { index?: string }, b: { index?: string }) => (a.index! < b.index! ? -1 : 1)
    assert.deepEqual(
      shown.sort(byIndex),
      [
        { ...primary, keys: 2, loads: 3, rows: 1, result: undefined },
        { ...alpha3, keys: 1, loads: 1, rows: 1, result: undefined },
        { ...continent, keys: 1, loads: 1, rows: 2, result: undefined },
      ].sort(byIndex),
    )
    assert.deepEqual([...new Set(heard.batch.flatMap(({ loads }) => loads))].length, 5)
    assert.equal(heard.load.length, 5)
    const everything = inspect(heard, { depth: Number.POSITIVE_INFINITY, showHidden: true })
    assert.doesNotMatch(everything, /FR\b|XX|JPN|EU\b|France|Japan|Germany/)
  })

  it('publish the read of a whole table as a batch without keys', async () => {
    const repos = versionedCountry()
    using heard = listen(['batch'])
    await repos.country!.all()
    await data.repositories({ cache: { item: 'immutable' } }).item!.preload()
    assert.deepEqual(
      heard.batch.map(({ table, kind, keys, rows, index }) => [table, kind, keys, rows, index]),
      [
        ['country', 'table', 0, 5, undefined],
        ['item', 'table', 0, 20, undefined],
      ],
    )
  })

  it('start a load in the context of its caller, although others send it', async () => {
    const repos = data.repositories()
    const asker = new AsyncLocalStorage<string>()
    const begun: unknown[] = []
    const start = (message: unknown) => {
      begun.push([(message as LoadMessage).kind, asker.getStore()])
    }
    const { start: starting } = tracingChannel('kysely-lookup:load')
    starting.subscribe(start)
    try {
      await repos.$request(() =>
        Promise.all([
          asker.run('first', () => repos.country!.findByKey('FR')),
          asker.run('second', () => repos.country!.findByKey('DE')),
          asker.run('third', () => repos.country!.findAllBy({ continent: 'EU' })),
          asker.run('fourth', () => repos.country!.findAllBy({ continent: 'AS' })),
        ]),
      )
    } finally {
      starting.unsubscribe(start)
    }
    assert.deepEqual(begun, [
      ['row', 'first'],
      ['row', 'second'],
      ['list', 'third'],
      ['list', 'fourth'],
    ])
  })

  it('show a store that is bound to a batch to its statement, which `run` can wrap', async () => {
    const repos = data.repositories()
    const store = new AsyncLocalStorage<string>()
    const { start } = tracingChannel<unknown, BatchMessage>('kysely-lookup:batch')
    const ran: (string | undefined)[] = []
    const wrap = (message: BatchMessage) => {
      message.run = (send) => {
        ran.push(store.getStore())
        return send()
      }
    }
    start.bindStore(store as AsyncLocalStorage<unknown>, ({ table }) => `sending ${table}`)
    start.subscribe(wrap as never)
    try {
      assert.equal((await repos.country!.findByKey('FR'))?.name, 'France')
    } finally {
      start.unbindStore(store as AsyncLocalStorage<unknown>)
      start.unsubscribe(wrap as never)
    }
    assert.deepEqual(ran, ['sending country'])
  })

  it('publish a failure with the error that callers get, for the batch and for each call', async () => {
    const repos = data.repositories()
    await repos.$ready()
    await data.run('alter table country rename index country_alpha3 to other')
    using heard = listen()
    try {
      await Promise.all(
        ['FRA', 'DEU'].map((alpha3) =>
          assert.rejects(repos.country!.findByKey({ alpha3 }), ConfigurationError),
        ),
      )
    } finally {
      await data.run('alter table country rename index other to country_alpha3')
    }
    assert.equal(heard.batch.length, 1)
    assert.ok(heard.batch[0]!.error instanceof ConfigurationError)
    assert.equal(heard.batch[0]!.rows, undefined)
    assert.deepEqual(
      heard.load.map(({ error }) => error),
      [heard.batch[0]!.error, heard.batch[0]!.error],
    )
  })

  it('mark reads in a transaction', async () => {
    using heard = listen(['batch'])
    await data.repositories().$transaction((trx) => trx.country!.findByKey('FR'))
    assert.deepEqual(
      heard.batch.map(({ table, inTransaction, keys }) => [table, inTransaction, keys]),
      [['country', true, 1]],
    )
  })

  it('publish a row that is dropped to make room', async () => {
    const repos = data.repositories({ cache: { item: { mode: 'immutable', maxRows: 3 } } })
    using heard = listen(['evict'])
    for (const id of [1, 2, 3]) await repos.item!.findByKey(id)
    assert.deepEqual(heard.evict, [])
    for (const id of [4, 5]) await repos.item!.findByKey(id)
    assert.deepEqual(heard.evict, [{ table: 'item' }, { table: 'item' }])
  })

  it('publish a cache that starts over, with its versions', async () => {
    // Sets on one database object share its polls.
    await using db = createDatabase<AnyDB>({ uri: data.test.url })
    await using repos = versionedCountry({ db })
    using heard = listen(['generation'])
    await repos.country!.findByKey('FR')
    await repos.country!.findByKey('DE')
    const version = repos.$stats().country!.version
    assert.deepEqual(heard.generation, [{ table: 'country', version, previous: undefined, rows: 0 }])
    await repos.country!.update('DE', { name: 'Germany' })
    assert.deepEqual(heard.generation.slice(1), [
      { table: 'country', version: undefined, previous: version, rows: 2 },
    ])
    await repos.country!.findByKey('DE')
    const later = repos.$stats().country!.version!
    assert.ok(later > version!)
    assert.deepEqual(heard.generation.slice(2), [
      { table: 'country', version: later, previous: undefined, rows: 0 },
    ])
  })

  it('publish polls, and once each that versions cannot be verified and that they can be again', async () => {
    using heard = listen(['poll', 'unverified', 'verified'])
    // Sets on one database object share its polls.
    await using db = createDatabase<AnyDB>({ uri: data.test.url })
    await using repos = versionedCountry({
      db,
      versions: { pollInterval: 5, maxUnverified: 100, whenUnverified: 'refuse' },
    })
    await repos.country!.findByKey('FR')
    await until(() => heard.poll.length >= 3)
    assert.deepEqual([heard.poll[0]!.tables, heard.poll[0]!.error], [['country'], undefined])
    const failed = () => heard.poll.filter(({ error }) => error !== undefined).length
    await data.run('rename table lookup_version to away')
    let outages = 0
    try {
      // A machine that stalls has outages of its own before: told once each, they count with this one.
      await until(() => failed() > 0 && heard.unverified.length > heard.verified.length)
      outages = heard.unverified.length
      assert.match(String((heard.poll.at(-1)!.error as Error).message), /lookup_version/)
      const before = failed()
      await until(() => failed() > before + 10)
      assert.equal(heard.unverified.length, outages, 'an outage is told once')
    } finally {
      await data.run('rename table away to lookup_version')
    }
    await until(() => heard.verified.length >= outages)
    const polls = heard.poll.length
    await until(() => heard.poll.length > polls + 3)
    assert.ok(heard.verified.length <= heard.unverified.length, 'its end is told once')
    assert.deepEqual(
      new Set(heard.unverified.map((message) => JSON.stringify(message))),
      new Set([JSON.stringify({ tables: ['country'], refusing: true })]),
    )
    assert.deepEqual(heard.verified.at(-1), { tables: ['country'] })
  })

  it('publish nothing for what is remembered', async () => {
    const repos = data.repositories({ cache: { country: 'versioned', item: 'immutable' } })
    await repos.item!.preload()
    await repos.$request(async () => {
      const read = () => [
        repos.country!.findByKey('FR'),
        repos.country!.findByKey('XX'),
        repos.country!.findAllBy({ continent: 'EU' }),
        repos.item!.findByKey(1),
      ]
      await Promise.all(read())
      using heard = listen()
      await Promise.all([...read(), ...read()])
      assert.equal(heard.count, 0)
    })
  })

  it('prepare nothing when nobody listens', async (t) => {
    const repos = versionedCountry()
    const snapshots = t.mock.method(AsyncLocalStorage, 'snapshot')
    const steps = [loadChannel, batchChannel, pollChannel].map((one) => t.mock.method(one, 'tracePromise'))
    const prepared = () => [snapshots, ...steps].map(({ mock }) => mock.callCount())
    const read = async () => {
      await repos.country!.findByKey('FR')
      await repos.country!.findAllBy({ continent: 'EU' })
      await repos.country!.all()
      await repos.$request(() => repos.country!.findByKeys(['DE', 'XX']))
      await repos.$request(() => repos.country!.findAllBy({ continent: 'AS' }))
    }
    await repos.$ready()
    await read()
    assert.deepEqual(prepared(), [0, 0, 0, 0])
    using _ = listen()
    await repos.country!.update('FR', { name: 'France' })
    await read()
    await versionedCountry().$ready()
    assert.ok(
      prepared().every((count) => count > 0),
      'where somebody does, it is',
    )
  })
})
