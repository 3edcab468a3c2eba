import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Figure } from './figure.ts'
import type { Machine } from './machine.ts'

/** How a case was measured. */
export interface CaseRun {
  /** Such as `2026-11-25`. */
  readonly date: string
  readonly seconds: number
  /** A first look (`--quick`). */
  readonly quick: boolean
}

/** What was measured on one machine: the last run of each case. */
export interface Results {
  readonly machine: Machine
  readonly cases: Readonly<Record<string, CaseRun>>
  readonly figures: readonly Figure[]
}

const file = new URL('results/latest.json', import.meta.url)

/** What is kept, of whatever machine. */
export async function keptResults(): Promise<Results> {
  return JSON.parse(await readFile(file, 'utf8'))
}

/** The same; undefined if it is of another machine, or of other servers or packages: then figures are not comparable. */
export async function readResults(machine: Machine): Promise<Results | undefined> {
  const kept = await keptResults().catch((error) => {
    if (error.code !== 'ENOENT') throw error
    return { machine, cases: {}, figures: [] }
  })
  return isDeepStrictEqual(kept.machine, machine) ? kept : undefined
}

export async function writeResults(results: Results): Promise<void> {
  await mkdir(new URL('results/', import.meta.url), { recursive: true })
  await writeFile(file, `${JSON.stringify(results, null, 2)}\n`)
}

/** Puts a case in place of its last run; a first look is no substitute for a thorough one. */
export function withCase(
  results: Results,
  name: string,
  run: CaseRun & { readonly figures: readonly Figure[] },
): Results {
  const { figures, ...how } = run
  if (how.quick && results.cases[name]?.quick === false) return results
  return {
    machine: results.machine,
    cases: { ...results.cases, [name]: how },
    figures: [...results.figures.filter((figure) => figure.case !== name), ...figures],
  }
}
