/** The codes are stable: scripts and `--ignore` name them. */
export const findingCodes = [
  'altered-trigger',
  'cascade',
  'changed-collation',
  'configuration',
  'definer-gone',
  'missing-right',
  'not-frozen',
  'not-innodb',
  'not-tracked',
  'prepared-statements',
  'session',
  'stale-constants',
  'stale-file',
  'stale-table',
  'too-many-rows',
  'types',
  'unapplied-migration',
  'unknown-migration',
  'unserved-key',
] as const

export type FindingCode = (typeof findingCodes)[number]

/** One thing that is wrong, and what to do about it. */
export interface Finding {
  readonly code: FindingCode
  /** The database's name of the table; absent where it concerns none in particular. */
  readonly table?: string
  readonly message: string
  readonly mend: string
}

/** Something that could not be looked at, and why. */
export interface Skipped {
  readonly what: string
  readonly reason: string
}

/** What one check has to say. */
export interface Report {
  readonly findings: readonly Finding[]
  readonly skipped?: readonly Skipped[]
}
