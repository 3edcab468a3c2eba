import { mkdir, readFile, writeFile } from 'node:fs/promises'
import type { Figure } from './figure.ts'
import type { Machine } from './machine.ts'
import { targetTable } from './targets.ts'

/** What one run measured. */
export interface Results {
  /** Such as `2026-11-25`. */
  readonly date: string
  readonly seconds: number
  readonly machine: Machine
  readonly figures: readonly Figure[]
}

const BEGIN = '<!-- written by npm run bench: begin -->'
const END = '<!-- written by npm run bench: end -->'
const document = new URL('../docs/benchmarks.md', import.meta.url)

/** Keeps a whole run, and shows it in docs/benchmarks.md. */
export async function keepResults(results: Results): Promise<void> {
  await mkdir(new URL('results/', import.meta.url), { recursive: true })
  const file = new URL('results/latest.json', import.meta.url)
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`)
  const text = await readFile(document, 'utf8')
  const [before, rest] = [text.slice(0, text.indexOf(BEGIN)), text.slice(text.indexOf(END))]
  if (!text.includes(BEGIN) || !text.includes(END)) throw new Error('docs/benchmarks.md has lost its markers')
  await writeFile(
    document,
    `${before}${BEGIN}\n\n${introduction(results)}\n\n${targetTable(results.figures)}\n\n${rest}`,
  )
}

function introduction({ date, seconds, machine }: Results): string {
  const versions = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`)
  return (
    `Measured on ${date} in ${Math.round(seconds / 60)} minutes: ${machine.cores} cores (${machine.cpu}), ${machine.memoryGB} GB, ` +
    `Node ${machine.node.slice(1)}, ${machine.servers.join(', ')}, ${versions.join(', ')}.`
  )
}
