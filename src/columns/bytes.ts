import { types } from 'node:util'
import type { ColumnMetadata } from '../metadata.ts'
import type { ColumnType, CopiedForm, KeyForm } from './column-type.ts'
import { encodeInteger } from './integer.ts'

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

/** By size. */
const BLOBS = ['tinyblob', 'blob', 'mediumblob', 'longblob']

/** How many bytes an index covers at most, on any server. */
const LONGEST_INDEXED = 3072

export const bytesTypes: readonly ColumnType[] = [
  {
    ...bytes,
    name: 'binary',
    traits: ({ length }) => ({ length: Number(length) }),
    key: ({ length = 255 }) => bytesKey(length),
  },
  {
    ...bytes,
    name: 'varbinary',
    traits: ({ length }) => ({ length: Number(length) }),
    grew(from, to, { indexed }) {
      if (BLOBS.includes(to.type)) return !indexed
      return to.type === 'varbinary' && Number(to.length) >= Number(from.length)
    },
    // The column may have grown since it was generated.
    key: () => bytesKey(LONGEST_INDEXED),
  },
  ...BLOBS.map(
    (name, size): ColumnType => ({
      ...bytes,
      name,
      grew: (_, to) => BLOBS.indexOf(to.type) >= size,
      key: 'an index on it covers its beginning only',
    }),
  ),
  {
    ...bytes,
    // A MariaDB server says nothing that would tell the driver to read its numbers.
    name: 'mariadb_vector',
    recognizes: ({ system, datatype }) => system === 'mariadb' && datatype === 'vector',
    key: 'its values have no exact equality',
  },
  {
    ...bytes,
    name: 'bit',
    traits: ({ digits }) => ({ length: Number(digits) }),
    // MariaDB's ONLY_FULL_GROUP_BY makes integers of them in a temporary table.
    sorted: (_, name) => `cast(${name} as binary)`,
    key: bitKey,
  },
]

/** @param length bytes that a value has at most */
function bytesKey(length: number): KeyForm {
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
