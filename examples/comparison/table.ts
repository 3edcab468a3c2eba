import type { Comparison, Way } from './compare.ts'

const NAMES: Readonly<Record<Way, string>> = {
  plain: 'plain Kysely',
  cold: 'kysely-lookup, cold',
  warm: 'kysely-lookup, warm',
  restarted: 'restarted, with a store',
}

const HEAD = ['', 'statements per request', 'of them lookups', 'time', 'requests per second', 'against plain']

/** The comparison as a plain-text table. One statement per request reads the page itself; the others are lookups. */
export function comparisonTable(comparison: Comparison): string {
  const rows = Object.entries(NAMES).map(([way, name]) => {
    const { selectsPerRequest, seconds, requestsPerSecond } = comparison[way as Way]
    return [
      name,
      selectsPerRequest.toFixed(2),
      (selectsPerRequest - 1).toFixed(2),
      `${seconds.toFixed(2)} s`,
      requestsPerSecond.toFixed(0),
      `${(requestsPerSecond / comparison.plain.requestsPerSecond).toFixed(1)} x`,
    ]
  })
  const widths = HEAD.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]!.length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => `${'-'.repeat(width + 1)}${column === 0 ? '-' : ':'}`).join('|')}|`
  return [line(HEAD), rule, ...rows.map(line)].join('\n')
}
