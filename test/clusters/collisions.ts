import { createConnection } from 'mysql2/promise'
import { createDatabase } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { numbered } from '../support/lookups.ts'
import { createTestDatabase, runStatements } from '../support/server.ts'
import type { Cluster } from './cluster.ts'

export interface Collisions {
  readonly table: 'plain' | 'tracked'
  readonly nodes: number
  readonly writers: number
  readonly commits: number
  /** Transactions that the cluster gave up because another node had written the same row (1213). */
  readonly conflicts: number
}

const SECONDS = 4
const WRITERS = 12

/** Writers of rows of their own, on one node and on three: what collides are the version rows. */
export async function measureCollisions(cluster: Cluster): Promise<Collisions[]> {
  const server = cluster.urlOf(cluster.servers[0]!)
  await using test = await createTestDatabase({ name: 'collisions', server })
  await runStatements(test.url, ...numbered('plain', WRITERS), ...numbered('tracked', WRITERS))
  await using db = createDatabase<unknown>({ uri: test.url })
  await createVersionTable(db)
  await trackVersion(db, 'tracked')
  const measured: Collisions[] = []
  for (const table of ['plain', 'tracked'] as const) {
    for (const nodes of [1, 3]) {
      const counts = await Promise.all(
        Array.from({ length: WRITERS }, (_, writer) => {
          const url = new URL(cluster.urlOf(cluster.servers[writer % nodes]!))
          url.pathname = `/${test.name}`
          return writeFor(url.href, `update ${table} set label = ? where id = ${writer + 1}`)
        }),
      )
      const sum = (name: 'commits' | 'conflicts') => counts.reduce((total, one) => total + one[name], 0)
      measured.push({ table, nodes, writers: WRITERS, commits: sum('commits'), conflicts: sum('conflicts') })
    }
  }
  return measured
}

async function writeFor(url: string, statement: string): Promise<{ commits: number; conflicts: number }> {
  const connection = await createConnection(url)
  const counts = { commits: 0, conflicts: 0 }
  const end = performance.now() + SECONDS * 1_000
  while (performance.now() < end) {
    try {
      await connection.query(statement, [`v${counts.commits}`])
      counts.commits++
    } catch (error) {
      if ((error as { errno?: number }).errno !== 1213) throw error
      counts.conflicts++
    }
  }
  await connection.end()
  return counts
}
