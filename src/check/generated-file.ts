import { splitConstants } from '../codegen/row-constants.ts'
import type { Finding, Report } from './finding.ts'

export interface GeneratedFileOptions {
  readonly file: string
  readonly current: string
  /** What `generate` would write now. */
  readonly wanted: string
}

/** Checks that the generated file, with its constants, is what would be generated now. */
export function checkGeneratedFile({ file, current, wanted }: GeneratedFileOptions): Report {
  const before = splitConstants(withoutCarriageReturns(current))
  const after = splitConstants(wanted)
  const generate = `Run kysely-lookup generate --out-file ${file}`
  const constants = [...after.constants].flatMap(([name, { table, members }]): Finding[] => {
    const old = new Set(before.constants.get(name)?.members)
    const added = members.filter((member) => !old.delete(member)).length
    if (added + old.size === 0) return []
    return [
      {
        code: 'stale-constants',
        table,
        message: `${name} in ${file} is not what the table's rows are now: ${added} added, ${old.size} removed`,
        fix: `${generate}, or restore the rows that should not have been removed.`,
      },
    ]
  })
  const line = firstDifference(before.rest.split('\n'), after.rest.split('\n'))
  if (line === undefined) return { findings: constants }
  const stale: Finding = {
    code: 'stale-file',
    message: `${file} is not what would be generated now, from ${line} on`,
    fix: `${generate}, and migrate if the database is behind.`,
  }
  return { findings: [stale, ...constants] }
}

/** A checkout may have changed the line endings. */
export function withoutCarriageReturns(text: string): string {
  return text.replaceAll('\r\n', '\n')
}

function firstDifference(before: readonly string[], after: readonly string[]): string | undefined {
  const at = after.findIndex((text, index) => text !== before[index])
  if (at === -1 && before.length === after.length) return undefined
  return JSON.stringify((at === -1 ? before[after.length] : after[at])?.trim())
}
