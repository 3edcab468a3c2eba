import { sql } from 'kysely'
import { adapterOf } from '../database/lookup-adapter.ts'
import { faultsIn, READ_SESSION } from '../database/session-variables.ts'
import { ConfigurationError } from '../errors.ts'
import { checkDecoding } from '../verification/decoding-check.ts'
import type { CheckTarget } from './check-target.ts'
import type { Finding, Report } from './finding.ts'

/** That the service's connections have the settings under which answers are right, and read values as generated. */
export async function checkSession({ service, serviceKnown, tables }: CheckTarget): Promise<Report> {
  if (!serviceKnown && !adapterOf(service)) {
    const reason = "only the pool of --repositories is known to be the service's"
    return { findings: [], skipped: [{ what: 'session settings and types', reason }] }
  }
  const { rows } = await sql.raw<SessionRow>(READ_SESSION).execute(service.withoutPlugins())
  const faults = Map.groupBy(faultsIn(rows[0] ?? {}), ({ variable }) => variable.fix)
  const findings = [...faults].map(
    ([fix, same]): Finding => ({
      code: 'session',
      message: `the session of transactions has ${same.map(({ variable, value }) => `${variable.name} ${value}`).join(', ')}, and reads in them are refused`,
      fix,
    }),
  )
  if (!serviceKnown) return { findings }
  // Under such settings the values may not even arrive.
  if (findings.length > 0) {
    return { findings, skipped: [{ what: 'types', reason: 'fix the session first' }] }
  }
  return { findings: await typeFindings() }

  async function typeFindings(): Promise<Finding[]> {
    try {
      checkDecoding(service, Object.fromEntries(tables.map((table) => [table.name, table])))
      return []
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      return [{ code: 'types', message: error.problem, fix: error.fix }]
    }
  }
}

type SessionRow = Readonly<Record<string, unknown>>
