import { preparationLimits } from '../database/lookup-adapter.ts'
import { sessionFaults } from '../database/verify-session.ts'
import { ConfigurationError } from '../errors.ts'
import { checkDecoding } from '../verification/decoding-check.ts'
import { probeDriver } from '../verification/driver-probe.ts'
import type { CheckTarget } from './check-target.ts'
import type { Finding, Report } from './finding.ts'

/** Checks that the service's connections have settings under which lookups are right, and read values as generated. */
export async function checkSession({ service, serviceKnown, tables }: CheckTarget): Promise<Report> {
  const made = preparationLimits(service) !== undefined
  if (!serviceKnown && !made) {
    const reason = "only the pool of --repositories is known to be the service's"
    return { findings: [], skipped: [{ what: 'session settings and types', reason }] }
  }
  const faults = Map.groupBy(await sessionFaults(service), ({ fix }) => fix)
  const findings = [...faults].map(
    ([fix, same]): Finding => ({
      code: 'session',
      message: `The database session has ${same.map(({ what }) => what).join(', ')}`,
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
      if (!made) await probeDriver(service, tables)
      return []
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      return [{ code: 'types', message: error.problem, fix: error.fix }]
    }
  }
}
