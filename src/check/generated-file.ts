import type { Report } from './finding.ts'

export interface GeneratedFileOptions {
  readonly file: string
  readonly current: string
  /** What `generate` would write now. */
  readonly wanted: string
}

/** That the generated file is what would be generated now. */
export function checkGeneratedFile({ file, current, wanted }: GeneratedFileOptions): Report {
  // A checkout may have changed the line ends.
  const before = current.replaceAll('\r\n', '\n').split('\n')
  const after = wanted.split('\n')
  const line = after.findIndex((text, index) => text !== before[index])
  if (line === -1 && before.length === after.length) return { findings: [] }
  return {
    findings: [
      {
        code: 'stale-file',
        message: `${file} is not what would be generated now, from line ${(line === -1 ? after.length : line) + 1} on`,
        mend: `Run kysely-lookup generate --out-file ${file}, and migrate if the database is behind.`,
      },
    ],
  }
}
