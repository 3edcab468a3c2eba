import zlib from 'node:zlib'

/**
 * What an entry says. A row is stored under its primary key, and under each other key that it was asked for by: every entry stands for
 * itself.
 */
export type EntryKind = 'row' | 'absent' | 'list' | 'table'

/** Bytes that say which entry they are, when they were written, and whether they still are what was written. */
export interface SealedEntry {
  readonly kind: EntryKind
  /** Where the payload begins and ends in the bytes. */
  readonly from: number
  readonly end: number
}

/** The place of an entry: bytes that turn up in another one are not taken for it. */
export interface EntryPlace {
  readonly address: string
  readonly key: string
}

/** Changes with the layout of entries, keys and addresses: what another format wrote is a miss. */
export const STORE_FORMAT = 2

const MAGIC = 0x6b
const HEADER = 12
/** The checksum, behind everything that it is of. */
const TRAILER = 4
/** What the checksum is of bytes with their own checksum behind them. */
const WHOLE = 0x2144df1c
const KINDS: readonly EntryKind[] = ['row', 'absent', 'list', 'table']

/** How far (s) another machine's clock may be ahead. */
const CLOCK_TOLERANCE = 300

/** @param now in milliseconds since 1970 */
export function sealEntry(
  place: EntryPlace,
  { kind, payload, now }: { readonly kind: EntryKind; readonly payload: Uint8Array; readonly now: number },
): Buffer {
  const end = HEADER + payload.length
  const bytes = Buffer.allocUnsafe(end + TRAILER)
  bytes[0] = MAGIC
  bytes[1] = STORE_FORMAT
  bytes[2] = KINDS.indexOf(kind)
  bytes[3] = 0
  bytes.writeUInt32LE(Math.floor(now / 1_000), 4)
  bytes.writeUInt32LE(payload.length, 8)
  bytes.set(payload, HEADER)
  bytes.writeUInt32LE(checksum(place, bytes.subarray(0, end)), end)
  return bytes
}

/** Undefined for what is not this entry as it was written, or is older than `maxAge` (ms). */
export function openEntry(
  place: EntryPlace,
  bytes: Buffer,
  { now, maxAge }: { readonly now: number; readonly maxAge: number },
): SealedEntry | undefined {
  if (bytes.length < HEADER + TRAILER || bytes[0] !== MAGIC || bytes[1] !== STORE_FORMAT) return undefined
  const kind = KINDS[bytes[2]!]
  const end = HEADER + bytes.readUInt32LE(8)
  if (kind === undefined || end + TRAILER !== bytes.length) return undefined
  const age = now - bytes.readUInt32LE(4) * 1_000
  if (age >= maxAge || age < -CLOCK_TOLERANCE * 1_000) return undefined
  return checksum(place, bytes) === WHOLE ? { kind, from: HEADER, end } : undefined
}

/** Of the entry's place and these bytes of it. */
function checksum({ address, key }: EntryPlace, bytes: Buffer): number {
  let seed = seedOf(address)
  for (let index = 0; index < key.length; index++) seed = Math.imul(seed ^ key.charCodeAt(index), 0x01000193)
  return zlib.crc32(bytes, seed >>> 0)
}

let lastAddress = ''
let lastSeed = 0

/** As a rule the same namespace is asked many times. */
function seedOf(address: string): number {
  if (address === lastAddress) return lastSeed
  lastAddress = address
  lastSeed = zlib.crc32(address)
  return lastSeed
}
