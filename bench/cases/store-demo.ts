/** A new process of the example service: from its start until it has answered a first request, over a filled store and without one. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createConnection } from 'mysql2/promise'
import { sendLoad } from '../../examples/comparison/load.ts'
import { prepareDatabase } from '../../examples/setup/prepare-database.ts'
import { type ServiceOptions, startService } from '../../examples/setup/service-process.ts'
import type { Figure } from '../figure.ts'
import type { Comparison } from '../rounds.ts'
import { compare } from '../rounds.ts'
import { openSelectCount } from '../select-count.ts'
import type { SideProcess } from '../side-process.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const useStoredDb = new URL('../../examples/comparison/use-stored-db.ts', import.meta.url)

export const DEMO_BASELINE = 'no store'

/** Milliseconds, with what else is known of the start. */
export async function measureDemo(url: string, quick: boolean): Promise<Record<string, Comparison>> {
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-bench-'))
  await using database = await createDemoDatabase(url)
  const plain: ServiceOptions = { databaseUrl: database.url }
  const stored: ServiceOptions = {
    ...plain,
    preload: [useStoredDb],
    env: { STORE_PATH: join(folder, 'store') },
  }
  try {
    // The service imports the package as users do.
    await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: root })
    await prepareDatabase(database.url)
    // A version has to stand for some seconds before its rows are stored.
    await database.age()
    await fill(stored)
    return await compare({
      baseline: DEMO_BASELINE,
      processes: 1,
      rounds: quick ? 3 : 9,
      seconds: 30,
      warmup: 1,
      sides: {
        [DEMO_BASELINE]: () => starting(plain),
        'lmdb store': () => starting(stored),
      },
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export const demoFigure: Pick<Figure, 'what' | 'unit'> = {
  what: 'the example service, from its start until its first page is answered',
  unit: 'ms',
}

/** Each round is a process. */
async function starting(options: ServiceOptions): Promise<SideProcess> {
  const selects = await openSelectCount(options.databaseUrl)
  return {
    async round() {
      const before = await selects.read()
      const start = performance.now()
      await using service = await startService(options)
      const listening = performance.now()
      await sendLoad({ serviceUrl: service.url, requests: 1, concurrency: 1 })
      const end = performance.now()
      return {
        milliseconds: end - start,
        'until it listens': listening - start,
        request: end - listening,
        statements: (await selects.read()) - before,
      }
    },
    stop: () => selects.close(),
  }
}

async function fill(options: ServiceOptions): Promise<void> {
  await using service = await startService(options)
  await sendLoad({ serviceUrl: service.url, requests: 150, concurrency: 20 })
}

async function createDemoDatabase(url: string) {
  const connection = await createConnection(url)
  const own = new URL(url)
  own.pathname = `${own.pathname}_demo`
  const name = own.pathname.slice(1)
  await connection.query(`create database ${name} character set utf8mb4`)
  return {
    url: own.href,
    async age() {
      await connection.query(`update ${name}.lookup_version set version = version - 60000`)
    },
    async [Symbol.asyncDispose]() {
      await connection.query(`drop database ${name}`)
      await connection.end()
    },
  }
}
