import { ownDatabase } from '../database/lookup-adapter.ts'
import type { CheckTarget } from './check-target.ts'
import { checkDefiners } from './definers.ts'
import type { Finding, Note, Report, Skipped } from './finding.ts'
import { checkPlans } from './plans.ts'
import { checkPreparedStatements } from './prepared-statements.ts'
import { checkRowCounts } from './row-counts.ts'
import { checkSession } from './session.ts'
import { checkTables, type TablesReport } from './tables.ts'
import { checkVersions } from './versions.ts'

/** Finds everything that could make a service's lookups wrong, late, slow or refused. */
export async function checkService(
  target: CheckTarget,
  /** Where it has been made before. */
  tables?: TablesReport,
): Promise<Required<Report>> {
  // As lookups read: a session of the program's pool may show less.
  const own = {
    ...target,
    owner: ownDatabase(target.owner),
    service: ownDatabase(target.service),
  }
  const session = await checkSession(target)
  const ofTables = tables ?? (await checkTables(own))
  const reports = [
    session,
    ofTables,
    await checkPlans({ ...own, tables: ofTables.sound }),
    await checkVersions(own),
    await checkDefiners(own),
    await checkPreparedStatements(target),
    await checkRowCounts(own),
  ]
  return joined(reports)
}

/** Removes duplicates: several checks see a missing column. */
export function joined(reports: readonly Report[]): Required<Report> {
  const findings = new Map<string, Finding>()
  const skipped: Skipped[] = []
  const notes: Note[] = []
  for (const report of reports) {
    notes.push(...(report.notes ?? []))
    skipped.push(...(report.skipped ?? []))
    for (const finding of report.findings) {
      const { code, table } = finding
      const about =
        code === 'stale-table' || code === 'missing-right' ? [code, table] : [code, table, finding.message]
      if (!findings.has(JSON.stringify(about))) findings.set(JSON.stringify(about), finding)
    }
  }
  return { findings: [...findings.values()], notes, skipped }
}
