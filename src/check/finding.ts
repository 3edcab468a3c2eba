/** The codes are stable: scripts and `--ignore` name them. */
export const findingCodes = [
  'altered-trigger',
  'cascade',
  'changed-collation',
  'configuration',
  'definer-gone',
  'grown-column',
  'missing-right',
  'not-frozen',
  'not-innodb',
  'not-tracked',
  'outdated-trigger',
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

/** Something that is wrong, and what to do. */
export interface Finding {
  readonly code: FindingCode
  /** The table's name in the database; absent if the finding is not about one table. */
  readonly table?: string
  readonly message: string
  readonly fix: string
}

/** Something that could not be checked, and why. */
export interface Skipped {
  readonly what: string
  readonly reason: string
}

/** What nothing is wrong with, and has to be known. Their codes are stable too. */
export const noteCodes = ['lock-tables'] as const

export interface Note extends Pick<Finding, 'message' | 'fix'> {
  readonly code: (typeof noteCodes)[number]
}

/** The result of one check. */
export interface Report {
  readonly findings: readonly Finding[]
  readonly notes?: readonly Note[]
  readonly skipped?: readonly Skipped[]
}
