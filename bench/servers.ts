import { createConnection } from 'mysql2/promise'
import { startThrowawayServer } from '../src/testing/throwaway-server.ts'

/** A server to measure on, and how to name it in results. */
export interface BenchServer {
  readonly name: string
  /** Of an empty database of its own. */
  readonly url: string
  stop(): Promise<void>
}

/** The servers of BENCH_DATABASE_URLS (comma-separated) and the embedded one. */
export async function openServers(): Promise<BenchServer[]> {
  const embedded = await startThrowawayServer()
  const others = (process.env.BENCH_DATABASE_URLS ?? '').split(',').filter(Boolean)
  const servers = [await openServer(embedded.url, () => embedded.stop())]
  for (const url of others) servers.push(await openServer(url, async () => {}))
  return servers
}

async function openServer(url: string, stop: () => Promise<void>): Promise<BenchServer> {
  const database = `lookup_bench_${process.pid}`
  const connection = await createConnection(url)
  await connection.query(`create database ${database}`)
  const [rows] = await connection.query('select version() as version')
  await connection.end()
  const version = (rows as { version: string }[])[0]!.version
  const own = new URL(url)
  own.pathname = `/${database}`
  return {
    name: /mariadb/i.test(version)
      ? `MariaDB ${Number.parseFloat(version)}`
      : `MySQL ${Number.parseFloat(version)}`,
    url: own.href,
    async stop() {
      const closing = await createConnection(url)
      await closing.query(`drop database ${database}`)
      await closing.end()
      await stop()
    },
  }
}
