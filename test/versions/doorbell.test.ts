import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ConfigurationError, createDatabase, type Doorbell, type DoorbellListener } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { POLL, VERSIONS } from '../../src/versions/poll-sql.ts'
import { VERSION_TABLE } from '../../src/versions/version-table.ts'
import { type AnyDB, type AnyRepositories, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { until } from '../support/outage/outage.ts'
import { listen } from '../support/telemetry/heard.ts'

/** A bus within this process. Whoever rings does not hear it himself. */
function createBus() {
  const listeners = new Set<DoorbellListener>()
  const notes: string[] = []
  const doorbell: Doorbell = {
    subscribe(listener) {
      listeners.add(listener)
      queueMicrotask(listener.listening)
      return {
        async announce(note) {
          notes.push(note)
          for (const other of listeners) if (other !== listener) other.ring(note)
        },
        close: () => void listeners.delete(listener),
      }
    },
  }
  return { doorbell, listeners, notes }
}

// Polls are off in these tests: what is noticed, a ring or $refresh has shown.
describe('a doorbell', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...COUNTRIES, 'create table rate (code char(3) primary key, value int)'])
    await createVersionTable(data.db)
    await trackVersion(data.db, 'country')
    await data.run("insert into rate values ('EUR', 1)")
  })
  after(() => data[Symbol.asyncDispose]())

  const rename = (name: string) => data.run(`update country set name = '${name}' where code = 'FR'`)
  const nameIn = async (repos: AnyRepositories) => (await repos.country!.findByKey('FR'))?.name
  const repositories = (doorbell?: Doorbell, more: object = {}) =>
    data.repositories({
      cache: { country: 'versioned', rate: { mode: 'expiring', maxAge: 2 ** 31 - 1 } },
      versions: { pollInterval: 2 ** 31 - 1, ...(doorbell && { doorbell }) },
      ...more,
    })

  it('that rings makes the process look at versions', async () => {
    const { doorbell, listeners } = createBus()
    await using repos = repositories(doorbell)
    const name = await nameIn(repos)
    await rename('Frankreich')
    assert.equal(await nameIn(repos), name, 'nobody has rung')
    for (const { ring } of listeners) ring()
    await until(async () => (await nameIn(repos)) === 'Frankreich')
    assert.equal(repos.$stats().country!.rings, 1)
  })

  it('that rings, and $refresh, read the versions by one statement, whatever has moved', async () => {
    const sent: string[] = []
    await using db = createDatabase<AnyDB>({
      uri: data.test.url,
      log: ({ query }) => {
        if (query.sql.startsWith(POLL) && query.sql.includes(VERSION_TABLE)) sent.push(query.sql)
      },
    })
    let listener: DoorbellListener | undefined
    const doorbell: Doorbell = {
      subscribe(given) {
        listener = given
        return { close() {} }
      },
    }
    await using repos = repositories(doorbell, { db })
    await repos.$ready()
    assert.deepEqual(sent.splice(0), [VERSIONS.sql])
    const read = async () => {
      const name = await nameIn(repos)
      sent.length = 0
      return name
    }
    await read()
    await rename('Francia')
    listener!.ring()
    await until(() => repos.country!.peek('FR') === undefined)
    assert.deepEqual(sent, [VERSIONS.sql])
    assert.equal(await read(), 'Francia')
    await rename('Frankrijk')
    await repos.$refresh()
    assert.deepEqual(sent, [VERSIONS.sql])
    assert.equal(await read(), 'Frankrijk')
    await repos.$refresh()
    assert.deepEqual(sent, [VERSIONS.sql])
  })

  for (const [what, write] of Object.entries({
    'a write': (repos: AnyRepositories, name: string) => repos.country!.update('FR', { name }),
    'a transaction': (repos: AnyRepositories, name: string) =>
      repos.$transaction((trx) => trx.country!.update('FR', { name })),
    'raw SQL in a transaction': (repos: AnyRepositories, name: string) =>
      repos.$transaction((trx) =>
        trx.$db.updateTable('country').set({ name }).where('code', '=', 'FR').execute(),
      ),
  })) {
    it(`is rung after ${what} through repositories, and every other process sees it`, async () => {
      const bus = createBus()
      await using writer = repositories(bus.doorbell)
      await using reader = repositories(bus.doorbell)
      await nameIn(reader)
      await write(writer, what)
      await until(async () => (await nameIn(reader)) === what)
      assert.equal(bus.notes.length, 1)
      assert.equal(writer.$stats().country!.rings, 0, 'the writer has dropped what it held already')
    })
  }

  it('is not rung for a transaction that is rolled back or writes nothing', async () => {
    const bus = createBus()
    await using repos = repositories(bus.doorbell)
    await nameIn(repos)
    await assert.rejects(
      repos.$transaction(async (trx) => {
        await trx.country!.update('FR', { name: 'Never' })
        throw new Error('changed my mind')
      }),
      /changed my mind/,
    )
    await repos.$transaction((trx) => trx.country!.findByKey('FR'))
    assert.deepEqual(bus.notes, [])
  })

  it('drops what other processes hold of an expiring table that was written', async () => {
    const bus = createBus()
    await using writer = repositories(bus.doorbell)
    await using reader = repositories(bus.doorbell)
    const valueIn = async (repos: AnyRepositories) => (await repos.rate!.findByKey('EUR'))?.value
    assert.equal(await valueIn(reader), 1)
    await writer.rate!.update('EUR', { value: 2 })
    await until(async () => (await valueIn(reader)) === 2)
  })

  it('that is away is an event and a count, and rings that could not be sent are sent later', async () => {
    const bus = createBus()
    let refuse = true
    let listener: DoorbellListener | undefined
    const doorbell: Doorbell = {
      subscribe(given) {
        listener = given
        const inner = bus.doorbell.subscribe(given)
        return {
          ...inner,
          async announce(note) {
            if (refuse) throw new Error('away')
            await inner.announce!(note)
          },
        }
      },
    }
    using heard = listen(['doorbell'])
    await using writer = repositories(doorbell)
    await using reader = repositories(bus.doorbell)
    await nameIn(reader)
    await nameIn(writer)
    await writer.country!.update('FR', { name: 'Later' })
    await until(() => writer.$stats().country!.doorbellOutages === 1)
    listener!.away(new Error('away'))
    assert.equal(writer.$stats().country!.doorbellOutages, 1, 'it is away already')
    assert.deepEqual(
      heard.doorbell.map(({ state }) => state),
      ['listening', 'listening', 'away'],
    )
    refuse = false
    listener!.listening()
    await until(async () => (await nameIn(reader)) === 'Later')
    assert.equal(heard.doorbell.at(-1)?.state, 'listening')
  })

  it('that listens again is a ring', async () => {
    const { doorbell, listeners } = createBus()
    await using repos = repositories(doorbell)
    await nameIn(repos)
    const [listener] = listeners
    listener!.away(new Error('away'))
    await rename('Missed')
    listener!.listening()
    await until(async () => (await nameIn(repos)) === 'Missed')
  })

  it('is left when the repositories are closed', async () => {
    const { doorbell, listeners } = createBus()
    const repos = repositories(doorbell)
    await nameIn(repos)
    assert.equal(listeners.size, 1)
    await repos.$close()
    assert.equal(listeners.size, 0)
  })

  it('has to have the method', () => {
    assert.throws(
      () => repositories({} as Doorbell),
      (error) => error instanceof ConfigurationError && /doorbell has no subscribe/.test(error.message),
    )
  })

  it('whose user has no rights is a warning of the process', async () => {
    const warned = new Promise<Error>((resolve) => process.once('warning', resolve))
    const error = new ConfigurationError({ kind: 'rights', problem: 'No right', fix: 'Grant it.' })
    const doorbell: Doorbell = {
      subscribe({ away }) {
        queueMicrotask(() => away(error))
        return { close() {} }
      },
    }
    await using repos = repositories(doorbell)
    await nameIn(repos)
    assert.equal((await warned).message, error.message)
  })
})

describe('$refresh', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...COUNTRIES, 'create table rate (code char(3) primary key, value int)'])
    await createVersionTable(data.db)
    await trackVersion(data.db, 'country')
    await data.run("insert into rate values ('EUR', 1)")
  })
  after(() => data[Symbol.asyncDispose]())

  const repositories = (doorbell?: Doorbell) =>
    data.repositories({
      cache: { country: 'versioned', rate: { mode: 'expiring', maxAge: 2 ** 31 - 1 } },
      versions: { pollInterval: 2 ** 31 - 1, ...(doorbell && { doorbell }) },
    })

  it('resolves when versions were looked at, and drops what expiring tables hold', async () => {
    await using repos = repositories()
    await repos.$refresh()
    await Promise.all([repos.country!.findByKey('FR'), repos.rate!.findByKey('EUR')])
    await data.run("update country set name = 'Now' where code = 'FR'", 'update rate set value = 3')
    assert.notEqual(repos.country!.peek('FR')?.name, 'Now')
    await repos.$refresh()
    assert.equal(repos.country!.peek('FR'), undefined)
    assert.equal((await repos.country!.findByKey('FR'))?.name, 'Now')
    assert.equal((await repos.rate!.findByKey('EUR'))?.value, 3)
  })

  it('leaves a request what it has seen', async () => {
    await using repos = repositories()
    await repos.$request(async () => {
      const row = await repos.country!.findByKey('DE')
      await data.run("update country set name = 'Later' where code = 'DE'")
      await repos.$refresh()
      assert.equal(await repos.country!.findByKey('DE'), row)
    })
    assert.equal((await repos.country!.findByKey('DE'))?.name, 'Later')
  })

  it('rings for everybody with `everywhere`, and says so where nobody can be rung for', async () => {
    const bus = createBus()
    await using here = repositories(bus.doorbell)
    await using there = repositories(bus.doorbell)
    await Promise.all([there.country!.findByKey('FR'), there.rate!.findByKey('EUR')])
    await data.run("update country set name = 'All' where code = 'FR'", 'update rate set value = 4')
    await here.$refresh({ everywhere: true })
    await until(async () => (await there.country!.findByKey('FR'))?.name === 'All')
    await until(async () => (await there.rate!.findByKey('EUR'))?.value === 4)

    const mute: Doorbell = { subscribe: () => ({ close() {} }) }
    for (const doorbell of [undefined, mute]) {
      await using repos = repositories(doorbell)
      await assert.rejects(
        repos.$refresh({ everywhere: true }),
        (error) => error instanceof ConfigurationError && /no doorbell that can ring/.test(error.message),
      )
    }
  })

  it('rejects if versions cannot be read', async () => {
    await using repos = repositories()
    await repos.country!.findByKey('FR')
    await data.run('rename table lookup_version to hidden')
    try {
      await assert.rejects(repos.$refresh(), /lookup_version/)
    } finally {
      await data.run('rename table hidden to lookup_version')
    }
    await repos.$refresh()
  })
})
