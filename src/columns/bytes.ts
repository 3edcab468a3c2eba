import { types } from 'node:util'
import type { ColumnMetadata } from '../metadata.ts'
import type { ColumnType, CopiedForm, KeyForm } from './column-type.ts'
import { encodeInteger } from './number.ts'

/** One character per byte: a string cannot be altered, and keeps no packet alive, which the driver's bytes are a slice of. */
const copiedBytes: CopiedForm<string> = {
  keep(value) {
    if (!types.isUint8Array(value)) return undefined
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')
  },
  copy(text) {
    // In memory of their own: `Buffer.from` would put them next to others' in the pool.
    const bytes = Buffer.alloc(text.length)
    bytes.write(text, 'latin1')
    return bytes
  },
}

const bytes = {
  typeScript: () => ({ select: 'Buffer' }),
  typeNames: { Buffer: undefined },
  copied: copiedBytes,
} satisfies Partial<ColumnType>

export const bytesTypes: readonly ColumnType[] = [
  ...['binary', 'varbinary'].map(
    (name): ColumnType => ({
      ...bytes,
      name,
      traits: ({ length }) => ({ length: Number(length) }),
      key: binaryKey,
    }),
  ),
  ...['tinyblob', 'blob', 'mediumblob', 'longblob'].map(
    (name): ColumnType => ({ ...bytes, name, key: 'an index on it covers its beginning only' }),
  ),
  {
    ...bytes,
    // A MariaDB server says nothing that would tell the driver to read its numbers.
    name: 'mariadb_vector',
    recognizes: ({ system, datatype }) => system === 'mariadb' && datatype === 'vector',
    key: 'its values have no exact equality',
  },
  { ...bytes, name: 'bit', traits: ({ digits }) => ({ length: Number(digits) }), key: bitKey },
]

function binaryKey({ length = 255 }: ColumnMetadata): KeyForm {
  return {
    expected: 'bytes: a Buffer or Uint8Array',
    // As hex, joined by unhex: a cast to binary(n) would pad, and match shorter keys.
    declaration: `varchar(${2 * length + 2}) character set ascii`,
    condition: (name, input) => `${name} = unhex(${input})`,
    encode(value) {
      if (!(value instanceof Uint8Array)) return undefined
      // Longer than the column is in no row; sent, it might be cut to one that is.
      return value.length > length ? null : `"${Buffer.from(value).toString('hex')}"`
    },
  }
}

function bitKey({ length = 1 }: ColumnMetadata): KeyForm {
  const largest = 2n ** BigInt(length) - 1n
  return {
    expected: `an integer from 0 to ${largest}, or its bytes`,
    declaration: 'bigint unsigned',
    encode(value) {
      if (value instanceof Uint8Array) {
        if (value.length === 0 || value.length > 8) return undefined
        return encodeInteger(BigInt(`0x${Buffer.from(value).toString('hex')}`), 0n, largest)
      }
      return encodeInteger(typeof value === 'boolean' ? Number(value) : value, 0n, largest)
    },
  }
}
