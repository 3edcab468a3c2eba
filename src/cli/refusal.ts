import type { Finding } from '../check/finding.ts'
import { inTwo } from '../check/session.ts'

/** What repositories or connections refuse before anything can be looked at, as a finding. */
export class Refusal extends Error {
  readonly finding: Finding

  constructor(finding: Finding, options?: ErrorOptions) {
    super(finding.message, options)
    this.finding = finding
  }
}

/** The finding for a `ConfigurationError`, of this library or of another copy of it; undefined for any other error. */
export function configurationFinding(error: unknown): Finding | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  if (code !== 'KYSELY_LOOKUP_CONFIGURATION' || typeof message !== 'string') return undefined
  const [what, mend] = inTwo(message)
  return { code: 'configuration', message: what, mend }
}

const SESSION = /^The database (session has )/

/** The refusal behind an error: one that was told so, or the session of a connection that cannot be used. */
export function refusalIn(error: unknown): Finding | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Refusal) return cause.finding
    const finding = configurationFinding(cause)
    if (finding && SESSION.test(finding.message)) {
      return { ...finding, code: 'session', message: finding.message.replace(SESSION, 'the $1') }
    }
  }
  return undefined
}
