import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { createDatabase } from '../../src/index.ts'
import {
  amend,
  createVersionTable,
  freeze,
  trackVersion,
  versionTriggers,
} from '../../src/migration/index.ts'
import { ALL_RIGHTS, databaseUser } from '../support/database-user.ts'
import type { AnyDB } from '../support/lookups.ts'
import { CITIES, migrating, refusal } from '../support/migration/migrating.ts'
import { startPrivateServer } from '../support/private-server.ts'
import { runStatements } from '../support/server.ts'

describe('the migration helpers', () => {
  it('name the missing right: TRIGGER, or one on the version table', async () => {
    await using data = await migrating(CITIES)
    await using reader = await databaseUser(data, 'select')
    await assert.rejects(trackVersion(reader.db, 'city'), refusal('denied', 'TRIGGER', 'grant'))
    await using writer = await databaseUser(data, 'select, insert, update')
    await assert.rejects(freeze(writer.db, 'city'), refusal('denied', 'TRIGGER', 'grant'))
    assert.deepEqual(await data.triggers(), [])
  })

  it('need no right of those who write, and no SUPER of those who migrate', async () => {
    await using data = await migrating(CITIES)
    await using owner = await databaseUser(data, ALL_RIGHTS)
    await createVersionTable(owner.db)
    await trackVersion(owner.db, 'city')
    await freeze(owner.db, 'city')
    await amend(owner.db, 'city', (trx) => trx.updateTable('city').set({ name: 'x' }).execute())
    await using writer = await databaseUser(data, 'insert')
    assert.ok(
      (await data.moved('city', () =>
        runStatements(writer.url, "insert into city values (3, 'Nice', 'FR')"),
      )) > 0,
    )
  })

  it('show that triggers are there to users who may not see them', async () => {
    await using data = await migrating([
      'create table country (id char(2) primary key) engine = InnoDB',
      "insert into country values ('FR')",
      ...CITIES,
      'alter table city add foreign key (country) references country (id) on delete cascade',
    ])
    await trackVersion(data.db, 'city')
    await data.run('drop trigger lookup_version_update_city')
    // With SELECT alone MariaDB does not show foreign keys either.
    await using service = await databaseUser(data, 'select, insert')
    const states = (await versionTriggers(service.db, ['city'])).get('city')
    assert.deepEqual(
      states?.map(({ table, event, state }) => `${event} ${table}: ${state}`),
      ['insert city: hidden', 'update city: missing', 'delete city: hidden', 'delete country: hidden'],
    )
  })

  it('explain error 1419: a trigger while the binary log is on', async () => {
    await using server = await startPrivateServer(
      ...['--log-bin=binlog', '--server-id=1', '--log-bin-trust-function-creators=0'],
    )
    const password = randomBytes(8).toString('hex')
    await runStatements(
      server.url,
      'create database reference',
      `create user 'migrator'@'%' identified by '${password}'`,
      `grant ${ALL_RIGHTS} on reference.* to 'migrator'@'%'`,
    )
    const url = new URL(server.url)
    Object.assign(url, { username: 'migrator', password, pathname: '/reference' })
    await using db = createDatabase<AnyDB>({ uri: url.href })
    await runStatements(url.href, ...CITIES)
    await createVersionTable(db)
    const explained = refusal('log_bin_trust_function_creators = 1', 'SUPER')
    await assert.rejects(trackVersion(db, 'city'), explained)
    await assert.rejects(freeze(db, 'city'), explained)
    await runStatements(server.url, 'set global log_bin_trust_function_creators = 1')
    await trackVersion(db, 'city')
    assert.ok((await versionTriggers(db, ['city'])).get('city')?.every(({ state }) => state === 'live'))
  })
})

describe('triggers whose definer is gone', () => {
  it('fail every write, and are fixed by calling the helper again', async () => {
    await using data = await migrating([
      ...CITIES,
      'create table country (id int primary key) engine = InnoDB',
    ])
    await using owner = await databaseUser(data, ALL_RIGHTS)
    await trackVersion(owner.db, 'country')
    await freeze(owner.db, 'city')
    await owner.drop()
    await assert.rejects(data.run('insert into country values (1)'), { errno: 1449 })
    await assert.rejects(
      amend(data.db, 'city', (trx) => trx.updateTable('city').set({ name: 'x' }).execute()),
      refusal('gone', 'freeze', 'again'),
    )
    await trackVersion(data.db, 'country')
    await freeze(data.db, 'city')
    assert.ok((await data.moved('country', () => data.run('insert into country values (1)'))) > 0)
    await amend(data.db, 'city', (trx) => trx.updateTable('city').set({ name: 'x' }).execute())
  })
})
