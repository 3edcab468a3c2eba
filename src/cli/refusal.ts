import type { Finding } from '../check/finding.ts'
import type { ConfigurationError } from '../errors.ts'

/** A refusal by repositories or connections that ends the check, as a finding. */
export class Refusal extends Error {
  readonly finding: Finding

  constructor(finding: Finding, options?: ErrorOptions) {
    super(finding.message, options)
    this.finding = finding
  }
}

/** The finding for a `ConfigurationError`, also of another copy of this library; undefined for other errors. */
export function configurationFinding(error: unknown): Finding | undefined {
  const { code, kind, problem, fix } = (error ?? {}) as Partial<ConfigurationError>
  if (code !== 'KYSELY_LOOKUP_CONFIGURATION' || !problem || !fix) return undefined
  return { code: kind === 'session' ? 'session' : 'configuration', message: problem, fix }
}

/** The refusal behind an error: a {@link Refusal}, or a session that cannot be used. */
export function refusalIn(error: unknown): Finding | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Refusal) return cause.finding
    const finding = configurationFinding(cause)
    if (finding?.code === 'session') return finding
  }
  return undefined
}
