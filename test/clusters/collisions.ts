import { createConnection } from 'mysql2/promise'
import { createDatabase } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { numbered } from '../support/lookups.ts'
import { createTestDatabase, runStatements } from '../support/server.ts'
import type { Cluster } from './cluster.ts'

export interface Collisions {
  readonly table: (typeof TABLES)[number]
  readonly nodes: number
  readonly writers: number
  readonly commits: number
  /** Transactions that the cluster gave up because another node had written the same row (1213). */
  readonly conflicts: number
}

const TABLES = ['plain', 'tracked', 'spread'] as const
const SECONDS = 4
const WRITERS = 12

/** Slots that nodes have to themselves: as auto-increment values, whose step and offset Galera sets. */
const STEP = 'least(@@auto_increment_increment, 8)'
const SLOT_OF_NODE = `connection_id() % (16 div ${STEP}) * ${STEP} + (@@auto_increment_offset - 1) % ${STEP}`

/** Writers of rows of their own, on one node and on three: what collides are the version rows. */
export async function measureCollisions(cluster: Cluster): Promise<Collisions[]> {
  const server = cluster.urlOf(cluster.servers[0]!)
  await using test = await createTestDatabase({ name: 'collisions', server })
  await runStatements(test.url, ...TABLES.flatMap((table) => numbered(table, WRITERS)))
  await using db = createDatabase<unknown>({ uri: test.url })
  await createVersionTable(db)
  await trackVersion(db, 'tracked')
  await trackVersion(db, 'spread')
  await spreadSlots(test.url)
  const measured: Collisions[] = []
  for (const table of TABLES) {
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

async function spreadSlots(url: string): Promise<void> {
  const triggers = await runStatements(
    url,
    `select trigger_name name, event_manipulation event, action_statement body from information_schema.triggers
      where trigger_schema = database() and event_object_table = 'spread'`,
  )
  for (const { name, event, body } of triggers) {
    const spread = String(body).replace('connection_id() % 16', SLOT_OF_NODE)
    if (spread === body) throw new Error(`a trigger of another form: ${body}`)
    await runStatements(
      url,
      `drop trigger ${name}`,
      `create trigger ${name} after ${event} on spread for each row ${spread}`,
    )
  }
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
