import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { binlogDoorbell } from '../../src/binlog/index.ts'
import { ConfigurationError, createDatabase, createRepositories } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import type { ThrowawayServer } from '../../src/testing/index.ts'
import { type AnyDB, type AnyRepositories, metadataOf } from '../support/lookups.ts'
import { until } from '../support/outage/outage.ts'
import { startPrivateServer } from '../support/private-server.ts'
import { runStatements } from '../support/server.ts'
import { listen } from '../support/telemetry/heard.ts'

const FORMATS = ['row', 'mixed']

// Polls are off: what is noticed, the binary log has brought.
for (const format of FORMATS) {
  describe(`the doorbell over a binary log in the format ${format}`, () => {
    let server: ThrowawayServer
    let url: string
    let db: Kysely<AnyDB>

    before(async () => {
      const gtids = ['--gtid-mode=ON', '--enforce-gtid-consistency=ON']
      server = await startPrivateServer('--log-bin=binlog', '--server-id=1', `--binlog-format=${format}`)
      if (server.system === 'mysql' && format === 'row') {
        await server.stop()
        server = await startPrivateServer('--log-bin=binlog', '--server-id=1', ...gtids)
      }
      url = `${server.url}shop`
      await runStatements(
        server.url,
        'create database shop character set utf8mb4',
        'create table shop.country (code char(2) primary key, name varchar(50) not null)',
        "insert into shop.country values ('FR', 'France')",
        "create user listener@'127.0.0.1' identified by 'secret-4711'",
      )
      db = createDatabase<AnyDB>({ uri: url })
      await createVersionTable(db)
      await trackVersion(db, 'country')
    })
    after(async () => {
      await db?.destroy()
      await server?.stop()
    })

    const run = (...statements: string[]) => runStatements(url, ...statements)
    const nameIn = async (repos: AnyRepositories) => (await repos.country!.findByKey('FR'))?.name
    const outages = (repos: AnyRepositories) => repos.$stats().country!.doorbellOutages

    async function repositories(user = ''): Promise<AnyRepositories> {
      const uri = new URL(url)
      if (user) Object.assign(uri, { username: user, password: 'secret-4711' })
      return createRepositories({
        db,
        tables: await metadataOf(db),
        cache: { country: 'versioned' },
        versions: { pollInterval: 2 ** 31 - 1, doorbell: binlogDoorbell({ uri: uri.href }) },
      }) as unknown as AnyRepositories
    }

    async function listening(): Promise<AnyRepositories> {
      using heard = listen(['doorbell'])
      const repos = await repositories()
      await nameIn(repos)
      await until(() => heard.doorbell.some(({ state }) => state === 'listening'))
      return repos
    }

    it('hears whoever writes', async () => {
      await using repos = await listening()
      for (const name of ['one', 'two']) {
        await run(`update country set name = '${name}'`)
        await until(async () => (await nameIn(repos)) === name)
      }
      await run('begin', "update country set name = 'three'", 'commit')
      await until(async () => (await nameIn(repos)) === 'three')
    })

    it('hears DDL, and what it cannot decode', async () => {
      await using repos = await listening()
      const heard = async (...statements: string[]) => {
        const before = repos.$stats().country!.rings
        await run(...statements)
        await until(() => repos.$stats().country!.rings > before)
      }
      await heard('alter table country comment = "changed"')
      await heard('create table passing (id int)', 'drop table passing')
      if (server.system !== 'mysql') {
        await heard('set global log_bin_compress = on', "update country set name = repeat('compressed', 5)")
        return
      }
      for (const name of ['zstd', 'zstd again']) {
        await run('set session binlog_transaction_compression = on', `update country set name = '${name}'`)
        await until(async () => (await nameIn(repos)) === name)
      }
    })

    it('listens again after its connections were killed, with a look for what it missed', async () => {
      await using repos = await listening()
      const before = outages(repos)
      const readers = await run(
        "select id from information_schema.processlist where command like 'Binlog Dump%'",
      )
      assert.equal(readers.length, 1)
      for (const row of readers) await run(`kill ${row.id ?? row.ID}`)
      await until(() => outages(repos) > before)
      await run("update country set name = 'missed'")
      await until(async () => (await nameIn(repos)) === 'missed')
    })

    it('says which right is missing, without a password, and listens once it is granted', async () => {
      using heard = listen(['doorbell'])
      const warnings: Error[] = []
      const warn = (warning: Error) => warnings.push(warning)
      process.on('warning', warn)
      try {
        await using repos = await repositories('listener')
        const told = async (pattern: RegExp) => {
          const matches = ({ error }: { error?: unknown }) =>
            error instanceof ConfigurationError && pattern.test(error.message)
          await nameIn(repos)
          await until(() => heard.doorbell.some(matches))
          assert.doesNotMatch(heard.doorbell.map(({ error }) => String(error)).join(), /secret-4711/)
        }
        await run("grant select on shop.lookup_version to listener@'127.0.0.1'")
        await told(/GRANT REPLICATION SLAVE, REPLICATION CLIENT/)
        await until(() => warnings.some(({ message }) => message.includes('REPLICATION SLAVE')))
        await run("grant replication slave, replication client on *.* to listener@'127.0.0.1'")
        await until(() => heard.doorbell.some(({ state }) => state === 'listening'))
      } finally {
        process.off('warning', warn)
      }
    })
  })
}

describe('a doorbell over a binary log', () => {
  it('refuses what is no URL of a database', () => {
    for (const uri of [undefined, '', 'mysql://u:secret@h:3306/', 'http://h/db', 'secret']) {
      assert.throws(
        () => binlogDoorbell({ uri }),
        (error) => error instanceof ConfigurationError && !/secret/.test(error.message),
      )
    }
  })
})
