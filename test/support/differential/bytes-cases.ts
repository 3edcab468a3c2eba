import fc from 'fast-check'
import type { ServerVersion } from '../../../src/database/server-version.ts'
import { type ColumnCase, type Spelling, spellings } from './case.ts'

const byte = fc.constantFrom(0, 0x20, 0x41, 0x61, 0x27, 0x5c, 0x7f, 0x80, 0xff)
const bytes = (text: string) => Buffer.from(text, 'latin1')

function binaryCase(type: 'binary' | 'varbinary', length: number): ColumnCase {
  const rows = [
    '',
    '\0',
    'a',
    'A',
    'a\0',
    'a\0\0',
    'ab',
    'a ',
    ' ',
    "'",
    '\\',
    '\xff',
    '\0a',
    'abcd',
    '?',
  ].map(bytes)
  const padded = rows.map((row) => Buffer.concat([row, Buffer.alloc(Math.max(length - row.length, 0))]))
  return {
    name: `${type}_${length}`,
    type: `${type}(${length})`,
    rows,
    keys: [
      ...spellings(...rows, ...padded, ...rows.map((row) => Buffer.concat([row, Buffer.alloc(1)]))),
      ...spellings(
        ...padded.map((row) => Buffer.concat([row, bytes('x')])),
        Buffer.alloc(length + 1),
        Buffer.alloc(length),
      ),
      ...spellings(Buffer.concat([Buffer.alloc(length), bytes(' ')]), Buffer.alloc(70_000, 'a')),
      { key: new Uint8Array([0x61]), lone: bytes('a') },
      ...spellings('a', '61', 97, null, true),
    ],
    generated: fc
      .array(byte, { maxLength: Math.min(length + 1, 20) })
      .map((list): Spelling => ({ key: Buffer.from(list) })),
    accepts: (key) => key instanceof Uint8Array,
    ...(length === 4 && { unique: 'stored' as const }),
  }
}

const UUID: Spelling[] = spellings(
  ...[
    '6ccd780c-baba-1026-9564-5b8c656024db',
    '6CCD780C-BABA-1026-9564-5B8C656024DB',
    '6ccd780cbaba102695645b8c656024db',
  ],
  ...[
    '00000000-0000-0000-0000-000000000000',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
    '01890a5d-ac96-774b-bcce-b302099a8057',
  ],
)
const hexes = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((list) => Buffer.from(list).toString('hex'))
const dashed = (hex: string) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

const uuidCase: ColumnCase = {
  name: 'uuid',
  type: 'uuid',
  rows: UUID.map(({ key }) => key),
  keys: [
    ...UUID,
    ...spellings(
      '',
      'x',
      '6ccd780c-baba-1026-9564-5b8c656024d',
      '6ccd780c-baba-1026-9564-5b8c656024dbb',
      '{6ccd780c-baba-1026-9564-5b8c656024db}',
    ),
    ...spellings(
      ' 6ccd780c-baba-1026-9564-5b8c656024db',
      '6ccd780c-baba-1026-9564-5b8c656024db ',
      '6ccd-780cbaba102695645b8c656024db',
      Buffer.alloc(16),
      5,
    ),
  ],
  generated: fc
    .tuple(
      hexes,
      fc.constantFrom(
        dashed,
        (hex: string) => hex,
        (hex: string) => dashed(hex).toUpperCase(),
      ),
    )
    .map(([hex, form]): Spelling => ({ key: form(hex) })),
  runs: 60,
  accepts: (key) =>
    typeof key === 'string' &&
    (/^[0-9a-f]{32}$/i.test(key) || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(key)),
}

const V4 = ['0.0.0.0', '1.2.3.4', '127.0.0.1', '255.255.255.255', '10.0.0.1']
const V6 = [
  '::',
  '::1',
  '::ffff:1.2.3.4',
  '::FFFF:102:304',
  '::1.2.3.4',
  '2001:db8::ff00:42:8329',
  '2001:0db8:0:0:0:ff00:0042:8329',
  '2001:DB8::FF00:42:8329',
  'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
  'ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255',
  'fe80::1',
  '1::',
]
const NOT_ADDRESSES = [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '256.0.0.1',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '01.2.3.4',
  '1::2::3',
  ':::',
  'g::1',
  '::1/64',
  '[::1]',
  'localhost',
]
const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/

const v4text = fc.ipV4().map((key): Spelling => ({ key }))
const inet4Case: ColumnCase = {
  name: 'inet4',
  type: 'inet4',
  rows: V4,
  keys: spellings(...V4, ...V6, ...NOT_ADDRESSES, 16909060, Buffer.alloc(4)),
  generated: v4text,
  accepts: (key) => typeof key === 'string' && v4.test(key) && !/(^|\.)0\d/.test(key),
}

const inet6Case: ColumnCase = {
  name: 'inet6',
  type: 'inet6',
  rows: V6,
  keys: spellings(...V6, ...NOT_ADDRESSES.filter((text) => !text.includes('.')), 'fe80::1%eth0', ...V4, 5),
  generated: fc.oneof(
    fc.ipV6().map((key): Spelling => ({ key })),
    v4text,
  ),
  runs: 60,
  accepts: (key) =>
    typeof key === 'string' &&
    (v4.test(key) || (key.includes(':') && !NOT_ADDRESSES.includes(key) && !key.includes('%'))),
}

export function bytesCases({ system, release }: ServerVersion): ColumnCase[] {
  const since = (wanted: number) => system === 'mariadb' && release >= wanted
  return [
    binaryCase('binary', 1),
    binaryCase('binary', 4),
    binaryCase('binary', 16),
    binaryCase('varbinary', 3),
    binaryCase('varbinary', 255),
    ...(since(1007) ? [uuidCase] : []),
    ...(since(1005) ? [inet6Case] : []),
    ...(since(1010) ? [inet4Case] : []),
  ]
}
