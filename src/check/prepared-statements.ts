import { sql } from 'kysely'
import { adapterOf } from '../database/lookup-adapter.ts'
import { tableKeys } from '../keys/key.ts'
import type { CheckTarget } from './check-target.ts'
import type { Report } from './finding.ts'

/** Those of the pool, and those of lookups. */
const DEFAULT_CONNECTIONS = 12
const DEFAULT_STATEMENTS = 256

/** Checks that the server has room for all statements that the service's connections may prepare. */
export async function checkPreparedStatements(target: CheckTarget): Promise<Report> {
  const { service, serviceKnown, tables, cached } = target
  const known = serviceKnown ? adapterOf(service)?.limits : undefined
  const texts = tables
    .map((table) => {
      const keys = tableKeys(table)
      // Each key has one text for a batch and one for a single key.
      return 2 * keys.definitions.length + keys.prefixes().length + (cached.has(table.name) ? 1 : 0)
    })
    .reduce((sum, count) => sum + count, 0)
  const each = Math.min(texts, known?.statements ?? DEFAULT_STATEMENTS)
  const connections = target.connections ?? known?.connections ?? DEFAULT_CONNECTIONS
  const { rows } = await sql<{ room: unknown }>`select @@max_prepared_stmt_count as room`.execute(
    service.withoutPlugins(),
  )
  const room = Number(rows[0]?.room)
  if (each * connections <= room) return { findings: [] }
  return {
    findings: [
      {
        code: 'prepared-statements',
        message: `${each} statements on each of ${connections} connections are ${each * connections}, and the server takes ${room} from all its clients together (max_prepared_stmt_count): beyond that every statement is sent twice, and others' fail`,
        fix: 'Raise max_prepared_stmt_count, or give createDatabase fewer connections (connectionLimit, lookupConnections), a lower maxPreparedStatements, or prepare: false.',
      },
    ],
  }
}
