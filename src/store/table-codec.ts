import { createHash } from 'node:crypto'
import type { Key, KeyDefinition, TableKeys } from '../keys/key.ts'
import type { Row, RowReader } from '../rows/row.ts'
import { type EntryKind, openEntry, sealEntry } from './entry.ts'
import type { StoreEntry, StoreNamespace } from './store.ts'
import { TABLE_KEY } from './table-key.ts'
import { createValueReader } from './value-reader.ts'
import { createValueWriter, NotStorable } from './value-writer.ts'

/** What an entry answers: a row, `null` for an absence, or rows in the order of a list or table. */
export type StoredRow = Row | null

/** Makes entries of one table's rows and reads them. */
export interface TableCodec {
  /** The key of the entry that says which row has a key, or that none has. */
  rowKey(key: Key): string
  /** The same for a row's own primary key; undefined where that may lead to another row. */
  ownKey(row: Row): string | undefined
  /** The key of the entry that lists the rows of a prefix. */
  listKey(key: Key): string
  /** The key of the entry that holds every row. */
  readonly tableKey: string
  /** Undefined for a row that could not be read back as it is, or not be told from others. */
  row(namespace: StoreNamespace, key: string, row: Row): StoreEntry | undefined
  absence(namespace: StoreNamespace, key: string): StoreEntry
  /** Undefined where one of the rows cannot be stored. */
  rows(namespace: StoreNamespace, key: string, rows: readonly Row[]): StoreEntry | undefined
  /** Undefined for bytes that are not that entry. */
  readRow(namespace: StoreNamespace, key: string, bytes: Uint8Array): StoredRow | undefined
  readRows(namespace: StoreNamespace, key: string, bytes: Uint8Array): Row[] | undefined
}

export interface TableCodecOptions {
  readonly keys: TableKeys
  readonly reader: RowReader
  /** Milliseconds after which an entry is none. */
  readonly maxAge: number
}

/** Longer keys stand as their hash. */
const LONGEST_KEY = 200

const NOTHING = new Uint8Array(0)

export function createTableCodec({ keys, reader, maxAge }: TableCodecOptions): TableCodec {
  const writer = createValueWriter()
  const source = createValueReader()
  const primary = keys.definitions[0]!.parts
  const { columns } = reader
  const prefixes = new Map<KeyDefinition, string>()
  /** Values on their way into a row. */
  const values = new Array<unknown>(columns.length).fill(null)

  function prefixOf(definition: KeyDefinition): string {
    let prefix = prefixes.get(definition)
    if (prefix === undefined) {
      prefix = JSON.stringify(definition.parts.map(({ name }) => name))
      prefixes.set(definition, prefix)
    }
    return prefix
  }

  function encodeRow(row: Row): Buffer | undefined {
    if (!keys.identities.ownTokens(primary, row)) return undefined
    try {
      for (const name of columns) writer.write(row[name])
      return writer.take()
    } catch (error) {
      if (error instanceof NotStorable) return undefined
      throw error
    }
  }

  function encodeRows(rows: readonly Row[]): Buffer | undefined {
    const parts: Buffer[] = [lengthBytes(rows.length)]
    for (const row of rows) {
      const encoded = encodeRow(row)
      if (!encoded) return undefined
      parts.push(lengthBytes(encoded.length), encoded)
    }
    return Buffer.concat(parts)
  }

  function decodeRow(bytes: Buffer, from: number, end: number): Row | undefined {
    source.begin(bytes, from, end)
    for (let index = 0; index < columns.length; index++) values[index] = source.read()
    return reader.read(values, 0)
  }

  function decodeRows(bytes: Buffer, from: number): Row[] | undefined {
    let at = from + 4
    const rows: Row[] = []
    for (let left = bytes.readUInt32LE(from); left > 0; left--) {
      const end = at + 4 + bytes.readUInt32LE(at)
      const row = decodeRow(bytes, at + 4, end)
      if (!row) return undefined
      rows.push(row)
      at = end
    }
    return rows
  }

  function seal(
    { address }: StoreNamespace,
    key: string,
    { kind, payload }: { readonly kind: EntryKind; readonly payload: Uint8Array },
  ): StoreEntry {
    return { key, value: sealEntry({ address, key }, { kind, payload, now: Date.now() }) }
  }

  function rowKey({ definition, token, json }: Key): string {
    // A number is the same text as JSON, which is at hand.
    const text = typeof token === 'number' ? json : token
    return shortened(definition.position === 0 ? `r:${text}` : `r${definition.position}:${text}`)
  }

  return {
    rowKey,
    ownKey(row) {
      const own = keys.identities.ownTokens(primary, row) && keys.keyOf(keys.definitions[0]!, row)
      return own && rowKey(own)
    },
    listKey: ({ definition, token }) => shortened(`l${prefixOf(definition)}:${token}`),
    tableKey: TABLE_KEY,
    row(namespace, key, row) {
      const payload = encodeRow(row)
      return payload && seal(namespace, key, { kind: 'row', payload })
    },
    absence: (namespace, key) => seal(namespace, key, { kind: 'absent', payload: NOTHING }),
    rows(namespace, key, rows) {
      const payload = encodeRows(rows)
      return payload && seal(namespace, key, { kind: key === 't' ? 'table' : 'list', payload })
    },
    readRow({ address }, key, given) {
      const bytes = asBuffer(given)
      const entry = openEntry({ address, key }, bytes, { now: Date.now(), maxAge })
      if (entry?.kind === 'absent') return null
      if (entry?.kind !== 'row') return undefined
      // The checksum may fit bytes that are no row all the same: nothing is better than an error.
      try {
        return decodeRow(bytes, entry.from, entry.end)
      } catch {
        return undefined
      }
    },
    readRows({ address }, key, given) {
      const bytes = asBuffer(given)
      const entry = openEntry({ address, key }, bytes, { now: Date.now(), maxAge })
      if (entry?.kind !== 'list' && entry?.kind !== 'table') return undefined
      try {
        return decodeRows(bytes, entry.from)
      } catch {
        return undefined
      }
    },
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function lengthBytes(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(length)
  return bytes
}

function shortened(key: string): string {
  return key.length <= LONGEST_KEY ? key : `#${createHash('sha256').update(key, 'utf16le').digest('base64')}`
}
