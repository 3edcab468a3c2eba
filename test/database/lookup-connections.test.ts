import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { Kysely, LogEvent } from 'kysely'
import { type Connection, createPool } from 'mysql2'
import { createConnection } from 'mysql2/promise'
import { driverDecodingSettings } from '../../src/columns/decoding-options.ts'
import { setUpLookupSession } from '../../src/database/lookup-session.ts'
import { ConfigurationError, createDatabase, type DatabaseOptions } from '../../src/index.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import {
  type Alteration,
  alter,
  alterations,
  alterationTables,
  PLANS,
  readPlans,
} from '../support/alterations.ts'
import { databaseUser } from '../support/database-user.ts'
import { type AnyDB, type AnyRepositories, type Lookups, lookups } from '../support/lookups.ts'
import { createTestDatabase, systemUnderTest, testServerUrl } from '../support/server.ts'
import { settleLookups } from '../support/settled-lookups.ts'

const system = await systemUnderTest()
const other = await createTestDatabase()
const onMariaDB = system === 'mariadb'

/** A time-out (ms) that no machine is too slow for. */
const PATIENT = 600_000

describe('connections for lookups', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(alterationTables(other.name, system))
  })
  after(async () => {
    await data[Symbol.asyncDispose]()
    await other.drop()
  })

  const connected = (options: DatabaseOptions = {}) =>
    createDatabase<AnyDB>({ uri: data.test.url, ...options })

  const asPool = { ...driverDecodingSettings({}), timezone: 'Z', charset: 'utf8mb4' }

  async function assertRight(db: Kysely<AnyDB>): Promise<void> {
    assert.deepEqual(await readPlans(data.repositories({ db })), PLANS)
  }

  /** Of a user, or those of them whose statement holds a text. */
  async function openConnections(user: string, text = ''): Promise<number> {
    const [row] = await data.run(
      `select count(*) n from information_schema.processlist
        where user = '${user}' and coalesce(info, '') like '%${text}%'`,
    )
    return Number(row?.n)
  }

  const isolation = onMariaDB ? 'tx_isolation' : 'transaction_isolation'
  const defaults: Readonly<Record<string, string>> = {
    sql_select_limit: '1',
    time_zone: "'+03:00'",
    autocommit: '0',
    [isolation]: "'READ-UNCOMMITTED'",
    sql_mode: "'PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES'",
    max_sort_length: '8',
    max_join_size: '1',
    sql_auto_is_null: '1',
    ...(onMariaDB && { system_versioning_asof: "'2001-01-01'" }),
  }

  it("answer correctly whatever the server's defaults, and read the whole schema", async () => {
    const names = Object.keys(defaults)
    const [before] = await data.run(
      `select ${names.map((name) => `@@global.${name} as \`${name}\``).join(', ')}`,
    )
    const assigned = names.map((name) => `global ${name} = ${defaults[name]}`)
    await data.run(`set ${assigned.join(', ')}`)
    try {
      await using db = connected()
      await assertRight(db)
      await using prepared = connected({ prepare: false })
      await assertRight(prepared)
      const { tables } = await readSchema(db)
      assert.equal(tables.find(({ metadata }) => metadata.name === 'plan')?.metadata.columns.length, 4)
      assert.equal(tables.length, 2)
      // The sessions of the pool are as the server says, and what is read in them is refused.
      await assert.rejects(
        data.repositories({ db }).$transaction((trx) => trx.plan!.findByKey(1)),
        ConfigurationError,
      )
    } finally {
      const restored = names.map((name) => {
        const value = before![name]
        return `global ${name} = ${value === 'DEFAULT' || Number(value) > 2 ** 53 ? 'default' : typeof value === 'number' ? value : `'${value}'`}`
      })
      await data.run(`set ${restored.join(', ')}`)
    }
  })

  for (const statement of [
    'set sql_select_limit = 1, time_zone = "+03:00", autocommit = 0',
    `use ${other.name}`,
    'set names latin1',
    'start transaction with consistent snapshot',
    'set transaction isolation level read uncommitted',
  ]) {
    it(`answer correctly whatever init_connect does: ${statement}`, async () => {
      await using user = await databaseUser(data, 'select')
      const { username } = new URL(user.url)
      await data.run(`grant select on ${other.name}.* to '${username}'@'%'`)
      await data.run(`set global init_connect = '${statement}'`)
      try {
        await assertRight(user.db)
        // A snapshot would not see this.
        await data.run("insert into plan values (9, 'New', 'new', '2021-01-01')")
        assert.equal((await data.repositories({ db: user.db }).plan!.findByKey(9))?.name, 'New')
      } finally {
        await data.run("set global init_connect = ''", 'delete from plan where id = 9')
      }
    })
  }

  it('are set up by a listener of their own, which is awaited, not by those of the pool', async () => {
    const pool = createPool({ uri: data.test.url, ...asPool })
    pool.on('connection', (connection) => {
      connection.query('set sql_select_limit = 0')
    })
    const ids: number[] = []
    await using db = createDatabase<AnyDB>({
      pool,
      lookupConnections: {
        count: 1,
        async onConnect(connection: Connection) {
          // As Galera's users do with wsrep_sync_wait; what would be wrong is set right after.
          await connection.promise().query("set @mine = 'yes', time_zone = '+09:00', sql_select_limit = 1")
          await connection.promise().query('start transaction with consistent snapshot')
          ids.push(connection.threadId)
        },
      },
    })
    await assertRight(db)
    const [row] = await data.run(
      `select count(*) prepared from information_schema.processlist where id in (${ids.join(', ')})`,
    )
    assert.equal(Number(row?.prepared), 1)
  })

  it('reject reads when their listener fails, and try again', async () => {
    let fail = true
    await using db = connected({
      lookupConnections: {
        onConnect() {
          if (fail) throw new Error('not yet')
        },
      },
    })
    const repos = data.repositories({ db })
    await assert.rejects(repos.plan!.findByKey(1), /not yet/)
    fail = false
    assert.equal((await repos.plan!.findByKey(1))?.name, 'Free')
  })

  it('are opened with the current password of the pool when it was changed', async () => {
    await using user = await databaseUser(data, 'select')
    const { username } = new URL(user.url)
    const pool = createPool({ uri: user.url, ...asPool })
    await using db = createDatabase<AnyDB>({ pool })
    const repos = data.repositories({ db })
    assert.equal((await repos.plan!.findByKey(1))?.name, 'Free')
    await data.run(`alter user '${username}'@'%' identified by 'rotated'`)
    for (const { id, ID = id } of await data.run(
      `select id from information_schema.processlist where user = '${username}'`,
    ))
      await data.run(`kill ${ID}`)
    await assert.rejects(repos.plan!.findByKey(2), { errno: 1045 })
    const { config } = pool as unknown as {
      readonly config: { readonly connectionConfig: { password: string } }
    }
    config.connectionConfig.password = 'rotated'
    assert.equal((await repos.plan!.findByKey(2))?.name, 'Team')
  })

  it('are opened by the function that makes streams', async () => {
    const { hostname, port } = new URL(data.test.url)
    let streams = 0
    await using db = connected({
      stream: () => {
        streams++
        return connect(Number(port), hostname)
      },
    })
    await assertRight(db)
    assert.ok(streams >= 1)
  })

  it('are opened on demand, and no more than configured for one table', async () => {
    await using user = await databaseUser(data, 'select')
    const { username } = new URL(user.url)
    for (const count of [1, 3]) {
      await using db = createDatabase<AnyDB>({ uri: user.url, lookupConnections: { count } })
      assert.equal(await openConnections(username), 0)
      await data.repositories({ db }).$ready()
      assert.equal(await openConnections(username), 1)
      const sets = Array.from({ length: 20 }, () => data.repositories({ db, timeout: PATIENT }))
      await Promise.all(sets.map((repos) => repos.$ready()))
      await Promise.all(sets.map(({ plan }, index) => plan!.findByKey(index)))
      assert.ok((await openConnections(username)) <= count)
      await db.destroy()
      await gone(username)
    }
  })

  it('are one more for each other table while a locked one holds all, and closed afterwards', async () => {
    await using user = await databaseUser(data, 'select')
    const { username } = new URL(user.url)
    for (const count of [1, 3]) {
      await using db = createDatabase<AnyDB>({ uri: user.url, lookupConnections: { count } })
      const sets = Array.from({ length: 20 }, () => data.repositories({ db, timeout: PATIENT }))
      await Promise.all(sets.map((repos) => repos.$ready()))
      await using locker = await createConnection(data.test.url)
      await locker.query('lock tables plan write')
      const blocked = sets.map(({ plan }) => plan!.findByKey(1))
      while ((await openConnections(username, '`plan`')) < count) await new Promise(setImmediate)
      assert.equal(await sets[0]!.unrelated!.findByKey(1), undefined)
      assert.equal(await openConnections(username, '`plan`'), count)
      assert.ok((await openConnections(username)) <= count + 1)
      await locker.query('unlock tables')
      for (const row of await Promise.all(blocked)) assert.equal(row?.name, 'Free')
      while ((await openConnections(username)) > count) await new Promise(setImmediate)
      await db.destroy()
      await gone(username)
    }
  })

  async function gone(user: string): Promise<void> {
    while ((await openConnections(user)) > 0) await new Promise(setImmediate)
  }

  it('finish what they began when the database is destroyed, and answer nothing afterwards', async () => {
    await using user = await databaseUser(data, 'select')
    const db = createDatabase<AnyDB>({ uri: user.url, lookupConnections: 1 })
    const repos = data.repositories({ db })
    await repos.$ready()
    const reading = Promise.all([repos.plan!.findByKey(1), repos.plan!.findByKey({ code: 'ü' })])
    await new Promise(setImmediate)
    await db.destroy()
    const [first, second] = await reading
    assert.deepEqual([first?.name, second?.name], ['Free', 'Free'])
    await assert.rejects(repos.plan!.findByKey(1), { code: 'KYSELY_LOOKUP_DATABASE_DESTROYED' })
    await gone(new URL(user.url).username)
  })

  it("are logged by Kysely's option like its own queries", async () => {
    const events: LogEvent[] = []
    await using db = connected({ log: (event) => void events.push(event) })
    const repos = data.repositories({ db })
    await repos.$ready()
    assert.ok(events.some(({ query }) => /information_schema/.test(query.sql)))
    events.length = 0
    await repos.plan!.findByKey(1)
    await data.run('rename table plan to elsewhere')
    try {
      await assert.rejects(repos.plan!.findByKey(2), { errno: 1146 })
    } finally {
      await data.run('rename table elsewhere to plan')
    }
    assert.deepEqual(
      events.map(({ level, query, queryDurationMillis }) => [
        level,
        /force index/.test(query.sql),
        query.parameters,
        queryDurationMillis > 0,
      ]),
      [
        ['query', true, ['1'], true],
        ['error', true, ['2'], true],
      ],
    )
    const [, failed] = events
    assert.ok(failed?.level === 'error' && (failed.error as { errno?: number }).errno === 1146)
  })

  /** A program that holds every connection of the pool, altered in these ways, while `work` runs. */
  async function whileHeld(
    held: readonly Alteration[],
    work: (repos: AnyRepositories, db: Kysely<AnyDB>) => Promise<void>,
  ): Promise<void> {
    await using db = connected({ connectionLimit: held.length, multipleStatements: true })
    const repos = data.repositories({ db })
    await assertRight(db)
    const { promise: done, resolve: release } = Promise.withResolvers<void>()
    let altered = 0
    const holders = held.map((alteration) =>
      db.connection().execute(async (connection) => {
        await alter(connection, alteration)
        altered++
        await done
      }),
    )
    while (altered < held.length) await Promise.race([new Promise(setImmediate), ...holders])
    // None of them is given back before these reads are answered.
    await work(repos, db).finally(release)
    await Promise.all(holders)
  }

  it('answer correctly, by the usual statements, while a program holds and has altered all other connections', async () => {
    const all = alterations(other.name).filter(({ only }) => !only || only === system)
    // These wait for each other's rows, or keep each other from the tables.
    const alone = all.filter(({ statements }) => /uncommitted'|begins|lock tables/.test(String(statements)))
    assert.ok(alone.length > 5)
    const together = all.filter((alteration) => !alone.includes(alteration))
    for (const held of [together, ...alone.map((alteration) => [alteration])]) {
      await whileHeld(held, async (repos, db) => {
        const read = async () => assert.deepEqual(await readPlans(repos), PLANS)
        await read()
        await settleLookups(db)
        const { Com_select, Com_set_option } = await data.counter.during(read)
        assert.deepEqual([Com_select, Com_set_option], [5, 0], held[0]!.what)
        await assertRight(db)
      })
    }
  })
})

describe('the session of a connection for lookups', () => {
  it('is refused when the server, or a proxy, does not accept its settings', async () => {
    const connection = await createConnection(await testServerUrl())
    try {
      await connection.query("set time_zone = '+04:00', sql_select_limit = 7")
      const deaf = async (text: string) => {
        if (text.startsWith('set ')) return undefined
        const [rows] = await connection.query(text)
        return rows
      }
      await assert.rejects(setUpLookupSession(deaf, undefined), (error: Error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.match(error.message, /time_zone = \+04:00, sql_select_limit = 7/)
        return true
      })
      const told: string[] = []
      const hearing = async (text: string) => {
        told.push(text)
        const [rows] = await connection.query(text)
        return rows
      }
      await setUpLookupSession(hearing, undefined)
      const [rows] = await connection.query('select @@time_zone z, @@sql_select_limit l')
      assert.deepEqual((rows as object[])[0], { z: '+00:00', l: 18446744073709552000 })
      assert.equal(told.filter((text) => text.startsWith('set ')).length, 1)
      // What is right already is not set.
      told.length = 0
      await setUpLookupSession(hearing, undefined)
      assert.deepEqual(
        told.filter((text) => text.startsWith('set ')),
        [],
      )
      await assert.rejects(
        setUpLookupSession(async (text) => {
          if (text.startsWith('set ')) throw new Error('not allowed')
          if (text.startsWith('select')) return [{ time_zone: '+04:00' }]
          return []
        }, undefined),
        /time_zone. Allow the user/,
      )
    } finally {
      await connection.end()
    }
  })
})
