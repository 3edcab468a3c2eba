import type { Row } from './row.ts'

/** Rows in their order, made as they are taken, each once; undefined is none. An array of rows is such, too. */
export interface RowsRead {
  readonly length: number
  at(index: number): Row | undefined
}

/** All that are left to be taken. */
export function takeRows(rows: RowsRead): Row[] {
  const taken: Row[] = []
  for (let index = 0; index < rows.length; index++) {
    const row = rows.at(index)
    if (row) taken.push(row)
  }
  return taken
}
