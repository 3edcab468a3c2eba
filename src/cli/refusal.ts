import type { Finding } from '../check/finding.ts'
import type { ConfigurationError } from '../errors.ts'

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
  const { code, kind, problem, fix } = (error ?? {}) as Partial<ConfigurationError>
  if (code !== 'KYSELY_LOOKUP_CONFIGURATION' || !problem || !fix) return undefined
  return { code: kind === 'session' ? 'session' : 'configuration', message: problem, fix }
}

/** The refusal behind an error: one that was told so, or the session of a connection that cannot be used. */
export function refusalIn(error: unknown): Finding | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Refusal) return cause.finding
    const finding = configurationFinding(cause)
    if (finding?.code === 'session') return finding
  }
  return undefined
}
