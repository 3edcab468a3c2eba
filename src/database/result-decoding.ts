import type { DriverField } from '../columns/column-type.ts'
import { createRowDecoder, prepareTextFields, type RowDecoder } from '../columns/decoding.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import type { DriverQuery } from './driver-connection.ts'

/**
 * A CALL or several statements in one text answer a list of results; anything else answers one. A result without rows,
 * as of an UPDATE, has no fields.
 */
export function decodeResult(result: unknown, fields: unknown, decoding: DecodingOptions): void {
  if (!Array.isArray(result) || !Array.isArray(fields)) return
  if (fields[0] === undefined || Array.isArray(fields[0])) {
    for (const [index, part] of result.entries()) decodeResult(part, fields[index], decoding)
    return
  }
  const decode = createRowDecoder(fields as DriverField[], decoding)
  if (decode) for (const row of result) decode(row)
}

/** Decodes the rows that a query's stream gives, of one result after the other. */
export function createStreamDecoder(query: DriverQuery, decoding: DecodingOptions): (row: unknown) => void {
  // Rows wait in the stream while the fields of the next result arrive.
  const results: { readonly decode: RowDecoder | undefined; rows: number }[] = []
  query.on('fields', (fields = []) => {
    prepareTextFields(fields)
    results.push({ decode: createRowDecoder(fields, decoding), rows: 0 })
  })
  query.on('result', () => results.at(-1)!.rows++)
  return (row) => {
    while (results[0]!.rows === 0) results.shift()
    results[0]!.rows--
    results[0]!.decode?.(row)
  }
}
