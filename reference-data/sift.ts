/** Rows that can be loaded, and how many cannot be for which reason. */
export interface Sifted<Row> {
  readonly kept: readonly Row[]
  readonly leftOut: ReadonlyMap<string, number>
}

/** Keeps the rows for which `reasonToLeaveOut` finds none. Real data has flaws; none is dropped in silence. */
export function sift<Row>(
  rows: Iterable<Row>,
  reasonToLeaveOut: (row: Row) => string | undefined,
): Sifted<Row> {
  const kept: Row[] = []
  const leftOut = new Map<string, number>()
  for (const row of rows) {
    const reason = reasonToLeaveOut(row)
    if (reason === undefined) kept.push(row)
    else leftOut.set(reason, (leftOut.get(reason) ?? 0) + 1)
  }
  return { kept, leftOut }
}
