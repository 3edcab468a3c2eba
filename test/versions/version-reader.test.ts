import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createExecute, type Execute } from '../../src/database/execute.ts'
import { FINGERPRINT, VERSIONS } from '../../src/versions/poll-sql.ts'
import { VersionReader } from '../../src/versions/version-reader.ts'
import { type Lookups, lookups } from '../support/lookups.ts'

describe('a reader of versions', () => {
  let data: Lookups
  let reader: VersionReader
  let sent: string[]

  before(async () => {
    data = await lookups([
      'create table city (id int primary key, name varchar(20) not null) engine = InnoDB',
      'create table plan (id int primary key, name varchar(20) not null) engine = InnoDB',
    ])
    await data.track('city', 'plan')
  })
  after(() => data[Symbol.asyncDispose]())
  beforeEach(async () => {
    reader = new VersionReader()
    await read()
  })

  async function read(all?: boolean) {
    const send = createExecute(data.db as never, { what: 'test', timeout: 60_000 })
    sent = []
    const execute: Execute = (statement, values) => {
      sent.push(statement.sql)
      return send(statement, values)
    }
    return await reader.read(execute, all)
  }

  async function versionsInTable(): Promise<Record<string, number>> {
    const rows = await data.run(
      'select table_name name, cast(sum(version) as char) version from lookup_version group by table_name',
    )
    return Object.fromEntries(rows.map(({ name, version }) => [name, Number(version)]))
  }

  it('answers the same as before by one short statement, as long as nothing moves', async () => {
    const first = await read()
    assert.deepEqual(sent, [FINGERPRINT.sql])
    assert.equal(await read(), first)
    assert.deepEqual(Object.fromEntries(first.versions), await versionsInTable())
  })

  it('answers all versions where there are none to compare with', async () => {
    reader = new VersionReader()
    const { versions, incomplete, server } = await read()
    assert.deepEqual(sent, [VERSIONS.sql])
    assert.deepEqual([...versions.keys()].sort(), ['city', 'plan'])
    assert.equal(incomplete.size, 0)
    assert.ok(server)
  })

  const changes: readonly [what: string, ...statements: string[]][] = [
    ['a write', "insert into city values (1, 'Rome')"],
    ['a write of another table', "insert into plan values (1, 'Free')"],
    ['a version that goes back', "update lookup_version set version = version - 1 where table_name = 'plan'"],
    [
      'versions whose sum is beyond what a double holds',
      'update lookup_version set version = 5000000000000000 where slot = 2',
    ],
    [
      'the last digit of such a sum',
      "update lookup_version set version = version + 1 where table_name = 'plan' and slot = 2",
    ],
    ['a version row that goes', "delete from lookup_version where table_name = 'plan' and slot = 2"],
    ['a version row of 0 that comes', "insert into lookup_version values ('plan', 2, 0, null)"],
  ]
  async function notices(statements: readonly string[]): Promise<void> {
    const before = await read()
    await data.run(...statements)
    const after = await read()
    assert.notEqual(after, before)
    assert.deepEqual(sent, [FINGERPRINT.sql, VERSIONS.sql])
    assert.deepEqual(Object.fromEntries(after.versions), await versionsInTable())
    assert.equal(await read(), after)
  }

  it('notices two versions that move in opposite directions', async () => {
    // One of eight pairs of numbers has the same fingerprint after it: not these.
    await data.run('update lookup_version set version = 1764000000000 + slot')
    await notices([
      "update lookup_version set version = version - 7 where table_name = 'city' and slot = 3",
      "update lookup_version set version = version + 7 where table_name = 'plan' and slot = 5",
    ])
  })

  for (const [what, ...statements] of changes) {
    it(`notices ${what}`, () => notices(statements))
  }

  it('answers all versions by one statement where one has moved, as far as is known', async () => {
    const before = await read()
    await data.run("insert into city values (7, 'Oslo')")
    const after = await read(true)
    assert.deepEqual(sent, [VERSIONS.sql])
    assert.deepEqual(Object.fromEntries(after.versions), await versionsInTable())
    assert.notDeepEqual(after.versions, before.versions)
    assert.equal(await read(), after)
    assert.deepEqual(sent, [FINGERPRINT.sql])
  })

  it('knows the tables that lack a version row', async () => {
    await data.run("delete from lookup_version where table_name = 'city' and slot = 9")
    assert.deepEqual([...(await read()).incomplete], ['city'])
  })

  it('answers no server where there are no versions, and asks for all of them each time', async () => {
    await data.run('delete from lookup_version')
    for (let row = 0; row < 2; row++) assert.equal((await read()).server, undefined)
    assert.deepEqual(sent, [VERSIONS.sql])
  })
})
