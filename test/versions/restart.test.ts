import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createDatabase, type TablesMetadata } from '../../src/index.ts'
import { trackVersion } from '../../src/migration/index.ts'
import { COUNTERS } from '../../src/versions/poll-sql.ts'
import type { AnyDB } from '../support/lookups.ts'
import { makeTables, startApplication, until, urlOf, warm } from '../support/outage/outage.ts'
import { type RestartableServer, startRestartableServer } from '../support/outage/restartable-server.ts'
import { startSwitchboard } from '../support/outage/switchboard.ts'
import { systemUnderTest } from '../support/server.ts'

const system = await systemUnderTest()
const server = (await startRestartableServer({ system }))!
const versions = { pollInterval: 20 }

/** Seconds after which a start of the server is told from the one before it. */
const TOLD_APART = 8

describe('a running process notices', {
  skip: !server && `no ${system} program here`,
  timeout: 600_000,
}, () => {
  let tables: TablesMetadata

  before(async () => {
    tables = await makeTables(server)
    await server.run(
      'create table outage.spare (id int)',
      'rename table outage.spare to outage.s',
      'rename table outage.s to outage.spare',
    )
  })
  beforeEach(async () => {
    for (const table of ['city', 'country'])
      await server.run(`replace into outage.${table} values ('one', 'first')`)
  })
  after(() => server[Symbol.asyncDispose]())

  it('a swap after a crash, although fewer statements were counted than before it', async () => {
    await using application = startApplication(server, { tables, versions })
    const { repos } = application
    await warm(application)
    await repos.$refresh()
    const counted = await counters(server)

    await server.kill()
    await server.start()
    await server.run(
      'create table outage.n like outage.country',
      "insert into outage.n values ('one', 'swapped')",
      'rename table outage.country to outage.o, outage.n to outage.country',
    )
    for (const [index, [name, count]] of (await counters(server)).entries()) {
      assert.ok(count <= counted[index]![1], `${name}: ${count}`)
    }
    const read = async () => (await repos.country!.findByKey('one'))?.label
    await until(() => read().then(() => false, isRefusal))
    await using db = createDatabase<AnyDB>({ uri: urlOf(server, 'root') })
    await trackVersion(db, 'country')
    await until(() => read().then((label) => label === 'swapped', isNoRefusal))
  })

  it('a TRUNCATE after a restart, although the counters stand where they stood', async () => {
    await server.shutDown()
    await server.start()
    await server.run('truncate table outage.spare', 'truncate table outage.spare')
    await using application = startApplication(server, { tables, versions })
    const { repos } = application
    await warm(application)
    await repos.$refresh()
    await until(async () => Number((await status(server)).get('Uptime')) >= TOLD_APART)
    const counted = await counters(server)

    await server.shutDown()
    await server.start()
    await server.run('truncate table outage.city', 'truncate table outage.country')
    assert.deepEqual(await counters(server), counted)
    await until(async () => (await repos.city!.findByKey('one')) === undefined)
    await until(async () => (await repos.country!.findByKey('one')) === undefined)
  })

  it('another server behind its address, which has other rows at the same versions', async () => {
    await using other = (await startRestartableServer({ system }))!
    await makeTables(other)
    await using switchboard = await startSwitchboard(server)
    await using application = startApplication(switchboard.server, { tables, versions })
    const { repos } = application
    const labels = async () => [
      (await repos.city!.findByKey('one'))?.label,
      (await repos.country!.findByKey('one'))?.label,
    ]
    assert.deepEqual(await labels(), ['first', 'first'])
    await repos.$refresh()

    for (const table of ['city', 'country'])
      await other.run(`update outage.${table} set label = 'elsewhere' where code = 'one'`)
    const all = 'select table_name, slot, version from outage.lookup_version order by table_name, slot'
    for (const { table_name, slot, version } of await server.run(all)) {
      await other.run(
        `update outage.lookup_version set version = ${version} where table_name = '${table_name}' and slot = ${slot}`,
      )
    }
    assert.deepEqual(await other.run(all), await server.run(all))
    switchboard.lead(other)
    await until(async () => (await labels()).every((label) => label === 'elsewhere'))
  })
})

async function status(on: RestartableServer): Promise<ReadonlyMap<string, string>> {
  const rows = await on.run('show global status')
  return new Map(rows.map(({ Variable_name, Value }) => [String(Variable_name), String(Value)]))
}

async function counters(on: RestartableServer): Promise<[string, number][]> {
  const all = await status(on)
  return COUNTERS.map((name) => [name, Number(all.get(name))])
}

function isRefusal(error: Error): boolean {
  return /trackVersion/.test(error.message)
}

function isNoRefusal(error: Error): boolean {
  if (isRefusal(error)) return false
  throw error
}
