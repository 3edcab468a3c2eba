import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { redisDoorbell } from '../../src/redis/index.ts'
import type { ThrowawayServer } from '../../src/testing/index.ts'
import { runCommandLine } from '../support/command-line.ts'
import { type AnyDB, type AnyRepositories, metadataOf } from '../support/lookups.ts'
import { until } from '../support/outage/outage.ts'
import { startPrivateServer } from '../support/private-server.ts'
import { type RedisServer, startRedisServer } from '../support/redis/redis-server.ts'
import { runStatements } from '../support/server.ts'

const CHANNEL = 'fleet'

describe('kysely-lookup watch', () => {
  let server: ThrowawayServer
  let redis: RedisServer
  let db: Kysely<AnyDB>
  let url: string

  before(async () => {
    redis = await startRedisServer()
    server = await startPrivateServer('--log-bin=binlog', '--server-id=1')
    url = `${server.url}shop`
    await runStatements(
      server.url,
      'create database shop character set utf8mb4',
      'create table shop.country (code char(2) primary key, name varchar(50) not null)',
      "insert into shop.country values ('FR', 'France')",
      "create user reader@'127.0.0.1' identified by 'secret-4711'",
      "grant select on shop.* to reader@'127.0.0.1'",
    )
    db = createDatabase<AnyDB>({ uri: url })
    await createVersionTable(db)
    await trackVersion(db, 'country')
  })
  after(async () => {
    await db?.destroy()
    await server?.stop()
    await redis?.[Symbol.asyncDispose]()
  })

  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    runCommandLine({ args: ['watch', ...args], env, cwd: process.cwd() })

  /** Its lines, and how it ends. */
  async function started(env: NodeJS.ProcessEnv): Promise<{ child: ChildProcess; lines: string[] }> {
    const args = ['src/cli/bin.ts', 'watch', '--redis', 'env(REDIS)', '--channel', CHANNEL]
    const child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
    return { child, lines }
  }

  it('rings for all that listen to Redis, whoever writes, until it is stopped', async () => {
    const { child, lines } = await started({ REDIS: redis.url, DATABASE_URL: url })
    try {
      await until(() => ['Redis: connected', 'binary log: connected'].every((line) => lines.includes(line)))
      // Polls are off: what is noticed, a ring has brought.
      await using repos = createRepositories({
        db,
        tables: await metadataOf(db),
        cache: { country: 'versioned' },
        versions: {
          pollInterval: 2 ** 31 - 1,
          doorbell: redisDoorbell({ url: redis.url, channel: CHANNEL }),
        },
      }) as unknown as AnyRepositories
      for (const name of ['one', 'two']) {
        await repos.country!.findByKey('FR')
        await runStatements(url, `update country set name = '${name}'`)
        await until(async () => (await repos.country!.findByKey('FR'))?.name === name)
      }
    } finally {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [null, 'SIGTERM'])
    }
  })

  it('ends with what is missing, without a password', async () => {
    const reader = new URL(url)
    Object.assign(reader, { username: 'reader', password: 'secret-4711' })
    const denied = await run(['--url', reader.href, '--redis', redis.url])
    assert.equal(denied.code, 1)
    assert.match(denied.stderr, /GRANT REPLICATION SLAVE, REPLICATION CLIENT/)
    assert.doesNotMatch(denied.stderr, /secret-4711/)

    const unset = await run(['--redis', 'env(NO_SUCH_URL)'], { DATABASE_URL: url })
    assert.deepEqual(
      [unset.code, unset.stderr],
      [1, 'kysely-lookup: --redis: the environment variable NO_SUCH_URL is not set.\n'],
    )

    const wrong = await run(['--url', url])
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /--redis is missing\. See kysely-lookup watch --help/)
  })
})
