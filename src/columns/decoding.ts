import type { Decoder, DriverField } from './column-type.ts'
import { decodings } from './column-types.ts'
import type { DecodingOptions } from './decoding-options.ts'
import { jsonDecoder } from './other.ts'

/** The protocol's code of DECIMAL, whose values the driver hands out as the server wrote them. */
const NEWDECIMAL = 246

const fromText = new WeakMap<DriverField, Decoder>()

const BINARY_CHARSET = 63
const UTF8MB4_CHARSET = 45

/** Of a field whose texts are JSON that is parsed here: a text that is none would break the driver's connection. */
const UNPARSED_JSON = 'json, not parsed'

/** MariaDB: keeps the driver from parsing JSON, and makes it read JSON in a column of bytes as UTF-8. */
export function prepareJson(field: DriverField): void {
  if (field.extendedFormat !== 'json') return
  field.extendedFormat = UNPARSED_JSON
  if (field.characterSet === BINARY_CHARSET) {
    field.characterSet = UTF8MB4_CHARSET
    field.encoding = 'utf8'
  }
}

/** Before the first row: keeps the driver's own parsers from losing anything of a result of the text protocol. */
export function prepareTextFields(fields: readonly DriverField[]): void {
  for (const field of fields) {
    prepareJson(field)
    const decode = decodings.get(field.columnType)?.fromText
    if (decode) {
      fromText.set(field, decode)
      field.columnType = NEWDECIMAL
    }
  }
}

/** MariaDB: whether its texts are read as JSON. */
export function isReadAsJson({ extendedFormat }: DriverField): boolean {
  return extendedFormat === UNPARSED_JSON
}

function decoderFor(field: DriverField, options: DecodingOptions): Decoder | undefined {
  if (isReadAsJson(field)) return jsonDecoder(field)
  return fromText.get(field) ?? decodings.get(field.columnType)?.decoder?.(field, options)
}

/** Decodes one row of a result in place. */
export type RowDecoder = (row: unknown) => void

/**
 * The decoder of a result's rows, as arrays (lookups) or objects (plain Kysely queries); undefined where the driver's
 * values are right already. In rows as arrays a value that cannot be represented becomes its error, so that it concerns
 * only who asked for that row; in rows as objects it is thrown.
 */
export function createRowDecoder(
  fields: readonly DriverField[],
  options: DecodingOptions,
): RowDecoder | undefined {
  const decoders: { at: number; name: string; decode: Decoder }[] = []
  for (const [at, field] of fields.entries()) {
    const decode = decoderFor(field, options)
    if (decode) decoders.push({ at, name: field.name, decode })
  }
  if (decoders.length === 0) return undefined
  let named: typeof decoders | undefined
  return (row) => {
    if (Array.isArray(row)) {
      for (let index = 0; index < decoders.length; index++) {
        const { at, decode } = decoders[index]!
        row[at] = decodeOrError(decode, row[at])
      }
    } else {
      if (!named) {
        // Of several columns of one name the driver keeps the last one's value.
        const last = new Map(fields.map(({ name }, at) => [name, at]))
        named = decoders.filter(({ name, at }) => last.get(name) === at)
      }
      const record = row as Record<string, unknown>
      for (const { name, decode } of named) record[name] = decode(record[name])
    }
  }
}

function decodeOrError(decode: Decoder, value: unknown): unknown {
  try {
    return decode(value)
  } catch (error) {
    return error
  }
}
