import type { Finding } from '../check/finding.ts'

/** A finding as one line: its code, its table, what is wrong, what to do. */
export function findingLine({ code, table, message, fix }: Finding): string {
  const line = `${code}${table === undefined ? '' : ` ${table}`}: ${message}. ${fix}`
  return line.replaceAll(/\s*\n\s*/g, ' ')
}
