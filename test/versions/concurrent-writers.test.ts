import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Connection, createConnection } from 'mysql2/promise'
import { trackVersion } from '../../src/migration/index.ts'
import { type Migrating, migrating } from '../support/migration/migrating.ts'
import { runStatements, testServerUrl } from '../support/server.ts'

const snapshotIsolation =
  (await runStatements(await testServerUrl(), "show variables like 'innodb_snapshot_isolation'")).length > 0

const WRITERS = 16
const TRANSACTIONS = 40

/** One connection for each slot: the server numbers connections, and others make some too. */
async function withConnectionPerSlot<Result>(
  url: string,
  work: (connections: readonly Connection[]) => Promise<Result>,
): Promise<Result> {
  const bySlot = new Map<number, Connection>()
  const all: Connection[] = []
  try {
    while (bySlot.size < WRITERS) {
      const connection = await createConnection(url)
      all.push(connection)
      bySlot.set(connection.threadId % WRITERS, connection)
    }
    return await work([...bySlot.values()])
  } finally {
    for (const connection of all) connection.destroy()
  }
}

/** Every writer updates two rows in ascending order per transaction; answers the error numbers that came. */
async function writeAll(data: Migrating, setUp: string): Promise<number[]> {
  const errors: number[] = []
  const write = async (connection: Connection, writer: number) => {
    await connection.query(setUp)
    for (let turn = 0; turn < TRANSACTIONS; turn++) {
      const first = (writer + turn) % (WRITERS - 1)
      try {
        await connection.query('begin')
        await connection.query(`update plan set price = price + 1 where id = ${first}`)
        await connection.query(`update plan set price = price + 1 where id = ${first + 1}`)
        await connection.query('commit')
      } catch (error) {
        errors.push((error as { errno: number }).errno)
        await connection.query('rollback')
      }
    }
  }
  await withConnectionPerSlot(data.test.url, (connections) => Promise.all(connections.map(write)))
  return errors
}

describe('16 writers of a tracked table', () => {
  const rows = Array.from({ length: WRITERS }, (_, id) => `(${id}, 0)`)
  const table = [
    'create table plan (id int primary key, price int not null) engine = InnoDB',
    `insert into plan values ${rows.join(', ')}`,
  ]

  for (const isolation of ['read committed', 'repeatable read']) {
    it(`never deadlock on its version, and every commit moves it (${isolation})`, async () => {
      await using data = await migrating(table)
      await trackVersion(data.db, 'plan')
      const before = await data.version('plan')
      const errors = await writeAll(data, `set session transaction isolation level ${isolation}`)
      assert.deepEqual(errors, [])
      const [sum] = await data.run('select sum(price) as price from plan')
      assert.equal(Number(sum?.price), 2 * WRITERS * TRANSACTIONS)
      assert.ok((await data.version('plan')) - before >= 2 * WRITERS * TRANSACTIONS)
      const slots = await data.run("select distinct version from lookup_version where table_name = 'plan'")
      assert.ok(slots.length > 1, 'each moved its own slot')
    })
  }

  it('that write two tables with one version row in opposite order deadlock, and pass when one tries again', async () => {
    await using data = await migrating([
      ...table,
      'create table price like plan',
      'insert into price select * from plan',
    ])
    for (const name of ['plan', 'price']) await trackVersion(data.db, name, { slots: 1 })
    const [one, other] = [await createConnection(data.test.url), await createConnection(data.test.url)]
    const raise = (name: string, id: number) => `update ${name} set price = price + 1 where id = ${id}`
    // Rows of their own: only version rows are in common.
    for (const connection of [one, other]) await connection.query('begin')
    await one.query(raise('plan', 1))
    await other.query(raise('price', 2))
    const answers = await Promise.allSettled([one.query(raise('price', 1)), other.query(raise('plan', 2))])
    const errors = answers.map((answer) => (answer.status === 'rejected' ? answer.reason.errno : undefined))
    assert.deepEqual(errors.filter(Boolean), [1213])
    const [winner, loser, name] = errors[0] ? [other, one, 'plan'] : [one, other, 'price']
    await winner.query('commit')
    const before = await data.version(name)
    // The server has rolled it back.
    for (const statement of ['begin', raise('plan', 1), raise('price', 2), 'commit'])
      await loser.query(statement)
    assert.ok((await data.version(name)) > before)
    for (const connection of [one, other]) connection.destroy()
  })

  // MariaDB has it, by default from 11.6 on.
  if (snapshotIsolation)
    it("fail no more often than without triggers under MariaDB's snapshot isolation", async () => {
      await using data = await migrating(table)
      await trackVersion(data.db, 'plan')
      // Rows of their own, and a snapshot that is older than what the others have committed meanwhile.
      await withConnectionPerSlot(data.test.url, async (connections) => {
        for (const connection of connections) {
          await connection.query('set session innodb_snapshot_isolation = on')
          await connection.query('set session transaction isolation level repeatable read')
          await connection.query('start transaction with consistent snapshot')
        }
        for (const [id, connection] of connections.entries()) {
          await connection.query(`update plan set price = price + 1 where id = ${id}`)
          await connection.query('commit')
        }
      })
      const [sum] = await data.run('select sum(price) as price from plan')
      assert.equal(Number(sum?.price), WRITERS)
    })
})
