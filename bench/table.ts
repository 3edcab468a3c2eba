import type { Figure } from './figure.ts'

/** Prints the figures of one case as tables: a line for each side, a column for each server. */
export function printFigures(figures: readonly Figure[]): void {
  for (const [what, group] of Map.groupBy(figures, ({ what }) => what)) {
    const [{ unit, against }] = [group.find(({ value }) => value !== undefined) ?? group[0]!]
    console.log(`\n${what}, ${unit}${against ? ` (against ${against})` : ''}`)
    const lines = Map.groupBy(group, ({ side }) => side)
    console.table(
      Object.fromEntries(
        [...lines].map(([side, cells]) => [
          side,
          Object.fromEntries(cells.map((figure) => [figure.server, cellOf(figure)])),
        ]),
      ),
    )
  }
}

export function cellOf({ value, ratio, quartiles, cpu, cannot, more }: Figure): string {
  if (cannot !== undefined) return cannot
  const parts = [shortNumber(value!)]
  if (ratio !== undefined) parts.push(`× ${shortNumber(ratio)}`)
  if (quartiles) parts.push(`(${quartiles.map(shortNumber).join('–')})`)
  if (cpu) parts.push(`cpu ${shortNumber(cpu.value)} × ${shortNumber(cpu.ratio)}`)
  for (const [name, amount] of Object.entries(more ?? {})) parts.push(`${name} ${shortNumber(amount)}`)
  return parts.join(' ')
}

/** Three digits that say something. */
export function shortNumber(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return value.toLocaleString('en', { maximumFractionDigits: Math.min(digits, 5) })
}
