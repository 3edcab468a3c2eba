import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { freePort } from '../src/testing/server/port.ts'
import { startEmbeddedServer } from '../test/support/embedded-server.ts'

/** A server to measure on, and how to name it in results. */
export interface BenchServer {
  /** Such as `MariaDB 10.11`. */
  readonly name: string
  readonly version: string
  /** Of an empty database of its own. */
  readonly url: string
  stop(): Promise<void>
}

const shared = fileURLToPath(new URL('../../shared/mysql', import.meta.url))

/** The embedded server; those of TEST_DATABASE_URLS (comma-separated), else the MySQL that lies beside the checkout. */
export async function openServers(): Promise<BenchServer[]> {
  const embedded = await startEmbeddedServer()
  const servers = [await openServer(embedded.url, () => embedded.stop())]
  const others = (process.env.TEST_DATABASE_URLS ?? '').split(',').flatMap((url) => url.trim() || [])
  for (const url of others) servers.push(await openServer(url, async () => {}))
  if (others.length === 0 && existsSync(join(shared, 'mysql-server'))) servers.push(await startMysql())
  return servers
}

async function startMysql(): Promise<BenchServer> {
  const run = promisify(execFile)
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-mysql-'))
  const port = String(await freePort())
  const env = { ...process.env, MYSQL_DATA: folder }
  await run(join(shared, 'install-mysql'), { env })
  const { stdout } = await run(join(shared, 'mysql-server'), ['start', port], { env })
  return openServer(stdout.trim().split('\n').at(-1)!, async () => {
    await run(join(shared, 'mysql-server'), ['stop', port], { env })
    await rm(folder, { recursive: true, force: true })
  })
}

async function openServer(url: string, stop: () => Promise<void>): Promise<BenchServer> {
  const database = `lookup_bench_${process.pid}`
  const connection = await createConnection(url)
  await connection.query(`create database ${database} character set utf8mb4`)
  const [rows] = await connection.query('select version() as version')
  await connection.end()
  const text = (rows as { version: string }[])[0]!.version
  const version = /^[\d.]+/.exec(text)?.[0] ?? text
  const own = new URL(url)
  own.pathname = `/${database}`
  return {
    name: `${/mariadb/i.test(text) ? 'MariaDB' : 'MySQL'} ${Number.parseFloat(version)}`,
    version,
    url: own.href,
    async stop() {
      const closing = await createConnection(url)
      await closing.query(`drop database ${database}`)
      await closing.end()
      await stop()
    },
  }
}
