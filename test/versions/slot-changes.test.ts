import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Connection, createConnection } from 'mysql2/promise'
import { createExecute } from '../../src/database/execute.ts'
import { readFeatures } from '../../src/database/server-features.ts'
import type { Statement } from '../../src/database/statement.ts'
import { createDatabase } from '../../src/index.ts'
import { tableKeys } from '../../src/keys/key.ts'
import { createLookup, type Lookup } from '../../src/loading/lookup.ts'
import { type TrackOptions, trackVersion } from '../../src/migration/index.ts'
import { readGuard } from '../../src/verification/version-check.ts'
import type { AnyDB } from '../support/lookups.ts'
import { type Migrating, migrating } from '../support/migration/migrating.ts'

type Slots = NonNullable<TrackOptions['slots']>

const ITEMS = 6
const READERS = 3

const item = [
  'create table item (id int not null primary key, value int not null) engine = InnoDB',
  `insert into item values ${Array.from({ length: ITEMS }, (_, id) => `(${id}, 0)`).join(', ')}`,
]

/** What one statement has said of some rows, at which version. */
interface Seen {
  readonly version: number
  readonly values: ReadonlyMap<number, number>
}

/** Reads a table as lookups do, and notes what each statement says. */
async function createReader(data: Migrating) {
  const table = data.tables.item!
  const keys = tableKeys(table)
  const sent: string[] = []
  const read = createExecute(data.db as never, { what: 'item', timeout: 120_000 })
  const server = {
    ...(await readFeatures(data.db as never)),
    execute(statement: Statement, values: readonly unknown[]) {
      sent.push(statement.sql)
      return read(statement, values)
    },
  }
  const lookup: Lookup = createLookup({
    ...{ table, identities: keys.identities, versioned: true, many: false },
    definition: keys.definitions[0]!,
  })
  return {
    /** The texts of the statements that were sent since the last call. */
    sent: () => sent.splice(0),
    async read(ids: readonly number[]): Promise<Seen> {
      const { rows, from, version } = await lookup(
        server,
        ids.map((id) => keys.resolve(id)!),
      )
      const values = rows.map((row) => [Number(row[from]), Number(row[from + 1])] as const)
      assert.equal(values.length, ids.length)
      return { version: version!, values: new Map(values) }
    },
  }
}

const isWhole = (text: string) => !/sum\(version\)/.test(text)

describe('a table whose number of version rows changes', () => {
  let data: Migrating

  before(async () => {
    data = await migrating(item)
  })
  after(() => data[Symbol.asyncDispose]())

  it('is read by one version row as long as it has one, by all of them else, and no change goes unseen', async () => {
    await trackVersion(data.db, 'item')
    const reader = await createReader(data)
    let last = 0
    for (const slots of [16, 1, 4, 1, 16, 2, 1] as const) {
      await trackVersion(data.db, 'item', { slots })
      for (let round = 0; round < 4; round++) {
        await data.run('update item set value = value + 1 where id = 0')
        const { version, values } = await reader.read([0])
        assert.ok(version > last, `${slots} rows: ${version} after ${last}`)
        assert.equal(version, await data.version('item'))
        last = version
        const texts = reader.sent().map(isWhole)
        // What the last answer said decides; an answer that says otherwise is asked for again.
        if (round > 1) assert.deepEqual(texts, [slots === 1])
        assert.equal((await reader.read([0, 1])).version, version)
        assert.deepEqual(reader.sent().map(isWhole), [false])
        assert.equal(values.size, 1)
      }
    }
  })

  it('answers NULLs with the version where one row has it and no key is found', async () => {
    await trackVersion(data.db, 'item', { slots: 1 })
    const repos = data.repositories({ cache: { item: 'versioned' } })
    await repos.$ready()
    for (const id of [100, 101, 102]) assert.equal(await repos.item!.findByKey(id), undefined)
    assert.equal((await repos.item!.findByKey(0))?.id, 0)
    await repos.$close()
  })

  const orders: readonly (readonly Slots[])[] = [
    [1, 16, 1, 4, 1, 2, 1, 8],
    [16, 2, 16, 4, 8, 1, 16, 1],
  ]
  for (const order of orders) {
    it(`tells one state by one version, and never a lower one, under writers: ${order.join(', ')}`, async () => {
      await trackVersion(data.db, 'item')
      await using db = createDatabase<AnyDB>({ uri: data.test.url, lookupConnections: READERS })
      const stop = new AbortController()
      const progress = { commits: 0, reads: 0 }
      const seen: Seen[] = []
      let whole = 0

      async function write(id: number): Promise<void> {
        const connection: Connection = await createConnection(data.test.url)
        while (!stop.signal.aborted) {
          try {
            await connection.query('begin')
            await connection.query(`update item set value = value + 1 where id = ${id}`)
            await connection.query('commit')
            progress.commits++
          } catch (error) {
            // A deadlock, a time-out, a snapshot that is too old.
            assert.ok([1213, 1205, 1020].includes((error as { errno: number }).errno), String(error))
            await connection.query('rollback')
          }
        }
        await connection.end()
      }

      async function readOn(reader: Awaited<ReturnType<typeof createReader>>): Promise<void> {
        let last = 0
        for (let turn = 0; !stop.signal.aborted; turn++) {
          const ids = turn % 3 === 0 ? [0, 1, 2, 3] : [turn % ITEMS]
          const one = await reader.read(ids)
          assert.ok(one.version >= last, `${one.version} after ${last}`)
          last = one.version
          seen.push(one)
          progress.reads++
          whole += reader.sent().filter(isWhole).length
        }
      }

      /** Until writers and readers have done that much more. */
      async function meanwhile(much: number): Promise<void> {
        const { commits, reads } = progress
        while (progress.commits < commits + much || progress.reads < reads + much) {
          await Promise.race([new Promise(setImmediate), working])
        }
      }

      const readers = await Promise.all(
        Array.from({ length: READERS }, () => createReader({ ...data, db: db as never })),
      )
      const working = Promise.all([
        ...Array.from({ length: ITEMS }, (_, id) => write(id)),
        ...readers.map(readOn),
      ])
      working.catch(() => {})
      try {
        await meanwhile(20)
        for (const slots of order) {
          await trackVersion(data.db, 'item', { slots })
          await meanwhile(40)
        }
      } finally {
        stop.abort()
        await working
      }
      assert.ok(whole > 0, 'some were read by one version row')
      assertOneState(seen)
      const [row] = await data.run('select sum(value) as total from item')
      const [other] = await data.run(
        "select sum(version) as version from lookup_version where table_name = 'item'",
      )
      assert.ok(Number(row?.total) >= progress.commits && Number(other?.version) > 0)
    })
  }

  it('is refused where a row says that it is the only one, and triggers write others', async () => {
    await trackVersion(data.db, 'item', { slots: 16 })
    const guard = () => readGuard(data.db as never, { table: 'item', mode: 'versioned' })
    const refused = async (pattern: RegExp) => {
      const { message = '' } = (await guard()) ?? {}
      assert.match(message, pattern)
      assert.match(message, /Call trackVersion\(db, "item"\)/)
    }
    assert.equal(await guard(), undefined)
    const only = /a row of lookup_version says that it is the only one, and is not/
    const ofItem = "table_name = 'item'"
    await data.run(`update lookup_version set version = version + ${2 ** 52} where slot = 0 and ${ofItem}`)
    await refused(only)
    await data.run(`delete from lookup_version where slot > 0 and ${ofItem}`)
    await refused(only)
    await data.run(`update lookup_version set version = version - ${2 ** 52} where ${ofItem}`)
    await refused(/lookup_version has 1 of its 16 rows/)
    await trackVersion(data.db, 'item', { slots: 4 })
    await data.run(`delete from lookup_version where slot = 3 and ${ofItem}`)
    await refused(/lookup_version has 3 of its 4 rows/)
    await trackVersion(data.db, 'item', { slots: 1 })
    await data.run(`delete from lookup_version where ${ofItem}`, 'update item set value = 0 where id = 1')
    await refused(/the row of lookup_version does not say that it is the only one/)
    await trackVersion(data.db, 'item', { slots: 1 })
    assert.equal(await guard(), undefined)
  })
})

/** That what was seen at one version is one state, and at a higher one a later one. */
function assertOneState(seen: readonly Seen[]): void {
  const known = new Map<number, { readonly version: number; readonly value: number }>()
  for (const { version, values } of seen.toSorted((one, other) => one.version - other.version)) {
    for (const [id, value] of values) {
      const before = known.get(id)
      if (before?.version === version) assert.equal(value, before.value, `item ${id} at ${version}`)
      else if (before) assert.ok(value >= before.value, `item ${id} at ${version}`)
      known.set(id, { version, value })
    }
  }
}
