import { sql } from 'kysely'
import { quoteName } from '../database/statement.ts'
import type { CheckTarget } from './check-target.ts'
import type { Finding, Report } from './finding.ts'
import { deniedRight, isGone } from './server-error.ts'

/** Checks that cached tables fit into their cache, so that `preload` and `all` work. */
export async function checkRowCounts({ service, cached }: CheckTarget): Promise<Report> {
  const findings: Finding[] = []
  for (const [table, { maxRows }] of cached) {
    if (!(await hasMore(table, maxRows))) continue
    findings.push({
      code: 'too-many-rows',
      table,
      message: `it has more rows than its cache holds (maxRows = ${maxRows}): preload() and all() are refused, and rows are dropped to make room`,
      fix: `Raise maxRows in createRepositories({ cache: { ${JSON.stringify(table)}: { mode, maxRows } } }), or remember the table per request only.`,
    })
  }
  return { findings }

  async function hasMore(table: string, limit: number): Promise<boolean> {
    // The server's estimate may be wrong by half; this count reads no further than it must.
    const query = `select 1 as more from ${quoteName(table)} limit ${limit}, 1`
    try {
      const { rows } = await sql.raw(query).execute(service.withoutPlugins())
      return rows.length > 0
    } catch (error) {
      // Another check reports it.
      if (deniedRight(error) || isGone(error)) return false
      throw error
    }
  }
}
