import util from 'node:util'

const CONTEXT = 3
/** Comparing more lines than this takes seconds, and nobody reads the result. */
const LIMIT = 5_000

export interface LineDiffOptions {
  readonly name: string
  readonly current: string
  readonly wanted: string
}

/** A unified diff from the current text to the wanted one. */
export function lineDiff({ name, current, wanted }: LineDiffOptions): string {
  const before = current.split('\n')
  const after = wanted.split('\n')
  if (before.at(-1) === '' && after.at(-1) === '') {
    before.pop()
    after.pop()
  }
  const same = leadingSame(before, after)
  if (Math.min(before.length, after.length) - same > LIMIT || typeof util.diff !== 'function') {
    return `--- ${name}\n+++ ${name} (generated)\n@@ the first difference is in line ${same + 1} @@\n`
  }
  const lines = compare(before, after)
  const shown = new Set<number>()
  for (const [at, { mark }] of lines.entries()) {
    if (mark === ' ') continue
    for (let near = at - CONTEXT; near <= at + CONTEXT; near++) shown.add(near)
  }
  const output: string[] = []
  for (const [at, { mark, text, number }] of lines.entries()) {
    if (!shown.has(at)) continue
    if (!shown.has(at - 1)) output.push(`@@ line ${number} @@`)
    output.push(mark + text)
  }
  return `--- ${name}\n+++ ${name} (generated)\n${output.join('\n')}\n`
}

interface MarkedLine {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
  /** Line number in the current file. */
  readonly number: number
}

function compare(before: readonly string[], after: readonly string[]): MarkedLine[] {
  let number = 1
  return util.diff(before, after).map(([side, text]) => {
    const line = { mark: side === 0 ? ' ' : side === 1 ? '-' : '+', text, number } as const
    if (line.mark !== '+') number++
    return line
  })
}

function leadingSame(before: readonly string[], after: readonly string[]): number {
  const at = before.findIndex((line, index) => line !== after[index])
  return at === -1 ? before.length : at
}
