import { preparationLimits } from '../database/lookup-adapter.ts'
import { sessionFaults } from '../database/verify-session.ts'
import { ConfigurationError } from '../errors.ts'
import { checkDecoding } from '../verification/decoding-check.ts'
import { probeDriver } from '../verification/driver-probe.ts'
import type { Subject } from './check-target.ts'
import type { Finding, Report } from './finding.ts'

/** Checks that the service's connections have settings under which lookups are right, and read values as generated. */
export async function checkSession({ service, serviceKnown, tables }: Subject): Promise<Report> {
  const made = preparationLimits(service) !== undefined
  if (!serviceKnown && !made) {
    const reason = "only the pool of --repositories is known to be the service's"
    return { findings: [], skipped: [{ what: 'session settings and types', reason }] }
  }
  const faults = Map.groupBy(await sessionFaults(service), ({ mend }) => mend)
  const findings = [...faults].map(
    ([mend, same]): Finding => ({
      code: 'session',
      message: `the session has ${same.map(({ what }) => what).join(', ')}`,
      mend,
    }),
  )
  if (!serviceKnown) return { findings }
  // Under such settings the values may not even arrive.
  if (findings.length > 0) {
    return { findings, skipped: [{ what: 'types', reason: 'the session is to be mended first' }] }
  }
  return { findings: await typeFindings() }

  async function typeFindings(): Promise<Finding[]> {
    try {
      checkDecoding(service, Object.fromEntries(tables.map((table) => [table.name, table])))
      if (!made) await probeDriver(service, tables)
      return []
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error
      const [message, mend] = inTwo(error.message)
      return [{ code: 'types', message, mend }]
    }
  }
}

/** What is wrong, and what to do: the first sentence and the others. */
export function inTwo(text: string): [message: string, mend: string] {
  const end = /[.;] (?=[A-Z])/.exec(text)
  return end
    ? [text.slice(0, end.index), text.slice(end.index + 2)]
    : [text.replace(/\.$/, ''), 'See the message.']
}
