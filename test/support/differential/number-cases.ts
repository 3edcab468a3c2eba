import fc from 'fast-check'
import { type ColumnCase, type Spelling, spellings } from './case.ts'

const INTEGERS = { tinyint: 8n, smallint: 16n, mediumint: 24n, int: 32n, bigint: 64n } as const

function integerCase(type: keyof typeof INTEGERS, unsigned: boolean): ColumnCase {
  const half = 2n ** (INTEGERS[type] - 1n)
  const [from, to] = unsigned ? [0n, 2n * half - 1n] : [-half, half - 1n]
  const inRange = (value: bigint) => value >= from && value <= to
  const big = fc.bigInt({ min: from, max: to })
  const near = fc.bigInt({ min: -12n, max: 12n })
  const far = fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n })
  const edges = [
    from,
    from + 1n,
    to,
    to - 1n,
    0n,
    1n,
    -1n,
    2n ** 53n,
    2n ** 53n + 1n,
    2n ** 53n - 1n,
    127n,
    128n,
    255n,
  ]
  const outside = [from - 1n, to + 1n, -(2n ** 63n) - 1n, 2n ** 64n, 2n ** 70n]
  const plain = (value: bigint): Spelling =>
    Number.isSafeInteger(Number(value)) && value % 3n !== 0n
      ? { key: Number(value), lone: value }
      : { key: value }
  return {
    name: `${type}${unsigned ? '_unsigned' : ''}`,
    type: `${type}${unsigned ? ' unsigned' : ''}`,
    rows: [...edges.filter(inRange), 7n, 42n],
    keys: [
      ...[...edges, ...outside, 7n, 42n].map((key): Spelling => ({ key })),
      ...[...edges, 7n].map((key): Spelling => ({ key: Number(key), lone: key })),
      { key: -0, lone: 0 },
      ...spellings(
        1.5,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        1e300,
        1e-7,
        '1',
        '1abc',
        '',
        ' 1',
        '01',
        null,
        '0x1',
      ),
      // A BIGINT that is read as a string finds its row again.
      ...[...edges, ...outside].map((key): Spelling => ({ key: String(key), lone: key })),
      { key: '1'.repeat(100), lone: 10n ** 99n },
    ],
    generated: fc.oneof(big, near, far).map(plain),
    accepts(key) {
      if (type === 'bigint' && typeof key === 'string') return /^(0|-?[1-9]\d*)$/.test(key)
      return typeof key === 'bigint' || Number.isSafeInteger(key)
    },
    ...(type === 'int' && { unique: unsigned ? 'virtual' : 'stored' }),
  }
}

function decimalCase(precision: number, scale: number): ColumnCase {
  const max = `${'9'.repeat(precision - scale) || '0'}${scale ? `.${'9'.repeat(scale)}` : ''}`
  const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{0,${length}}$`))
  const text = fc
    .tuple(fc.constantFrom('', '-', '0', '-00'), digits(Math.min(precision - scale, 30)), digits(scale))
    .map(([sign, whole, fraction]) => `${sign}${whole || '0'}${fraction && `.${fraction}`}`)
  const small = fc
    .tuple(fc.integer({ min: -3, max: 3 }), digits(1))
    .map(([whole, part]) => `${whole}${part && `.${part}`}`)
  const given = [
    '1',
    '1.0',
    '1.00',
    '1.000000',
    '01',
    '001.10',
    '1.1',
    '1.10',
    '-0',
    '0',
    '-0.00',
    '.5',
    '5.',
    '-.5',
    '0.5',
    '1.101',
    '1.001',
  ]
  const bad = [
    '',
    '.',
    '-',
    '+1',
    '1e2',
    '1E2',
    ' 1',
    '1 ',
    '1,5',
    '0x1',
    'NaN',
    'Infinity',
    '1.1.1',
    '--1',
    '1_000',
    '٣',
    `1${max}`,
  ]
  const asText = (key: string): Spelling => ({ key, lone: key })
  return {
    name: `decimal_${precision}_${scale}`,
    type: `decimal(${precision},${scale})`,
    rows: ['0', '1', '-1', '1.1', '0.5', '-0.5', max, `-${max}`, '0.01', '12', '1.10'],
    keys: [
      ...[...given, ...bad, max, `-${max}`].map(asText),
      ...[
        1,
        1.1,
        0.5,
        -0,
        -1,
        12,
        0.01,
        0.1 + 0.2,
        1e21,
        1e-7,
        Number.NaN,
        2 ** 53,
        2 ** 53 - 1,
        1e16,
        12345678.1,
      ].map((key): Spelling => ({ key, lone: String(key) })),
      ...[1n, 0n, -1n, 12n].map((key): Spelling => ({ key, lone: String(key) })),
      ...spellings(true, null, undefined),
    ],
    generated: fc.oneof(text, small).map(asText),
    // Bare strings and DECIMAL are compared as doubles, which takes close values for one.
    comparison: 'cast(? as decimal(65,30))',
    ...(precision > 60 && { comparison: `cast(? as decimal(${precision},${scale}))` }),
    accepts(key) {
      if (!['number', 'bigint', 'string'].includes(typeof key)) return false
      if (typeof key === 'number' && !isExact(key)) return false
      const parts = /^-?(\d*)(?:\.(\d*))?$/.exec(String(key))
      if (!parts || !/\d/.test(String(key))) return false
      const whole = (parts[1] ?? '').replace(/^0+/, '')
      const fraction = (parts[2] ?? '').replace(/0+$/, '')
      return whole.length <= precision - scale && fraction.length <= scale
    },
    ...(precision === 10 && { unique: 'stored' as const }),
  }
}

/** A number that is the nearest to one decimal of its digits alone. */
function isExact(key: number): boolean {
  if (Number.isInteger(key)) return Math.abs(key) < 2 ** 53
  return String(key).replace(/^-?0?\.?0*|\./g, '').length <= 15
}

function bitCase(bits: number): ColumnCase {
  const max = 2n ** BigInt(bits) - 1n
  const bytes = (value: bigint) => {
    const hex = value.toString(16)
    return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  }
  const edges = [0n, 1n, 2n, max, max - 1n, max / 2n, max / 2n + 1n].filter(
    (value) => value >= 0n && value <= max,
  )
  const numeric = (value: bigint): Spelling => ({ key: value })
  const binary = (value: bigint): Spelling => ({ key: bytes(value), lone: value })
  return {
    name: `bit_${bits}`,
    type: `bit(${bits})`,
    rows: edges,
    keys: [
      ...[...edges, max + 1n, -1n].map(numeric),
      ...edges.map(binary),
      ...[0, 1, 1.5, -1, Number.NaN].map((key): Spelling => ({ key })),
      { key: Buffer.from([0, 0, 1]), lone: 1n },
      { key: new Uint8Array([1]), lone: 1n },
      { key: true, lone: 1n },
      { key: false, lone: 0n },
      ...spellings('1', Buffer.alloc(0), Buffer.alloc(9), null),
    ],
    // A bigint is bound as a string, and a string is bytes to a BIT.
    protocols: () => ['query'],
    generated: fc
      .tuple(fc.bigInt({ min: 0n, max }), fc.boolean())
      .map(([value, asBytes]) => (asBytes ? binary : numeric)(value)),
    accepts(key) {
      if (typeof key === 'boolean') return true
      if (key instanceof Uint8Array) {
        return key.length > 0 && key.length <= 8 && BigInt(`0x${Buffer.from(key).toString('hex')}`) <= max
      }
      if (typeof key === 'number') return Number.isSafeInteger(key) && key >= 0 && BigInt(key) <= max
      return typeof key === 'bigint' && key >= 0n && key <= max
    },
  }
}

const YEAR: ColumnCase = {
  name: 'year',
  type: 'year',
  rows: [0, 1901, 1970, 2000, 2024, 2155],
  keys: [
    ...spellings(
      0,
      1901,
      1970,
      2000,
      2024,
      2155,
      2024n,
      1900,
      2156,
      24,
      70,
      99,
      1,
      -1,
      '2024',
      '24',
      '0',
      2024.5,
      Number.NaN,
    ),
    { key: -0, lone: 0 },
  ],
  generated: fc.integer({ min: 1901, max: 2155 }).map((key): Spelling => ({ key })),
  accepts: (key) =>
    (typeof key === 'number' || typeof key === 'bigint') &&
    (Number(key) === 0 || (Number.isInteger(Number(key)) && Number(key) >= 1901 && Number(key) <= 2155)),
}

const BOOL: ColumnCase = {
  name: 'bool',
  type: 'bool',
  rows: [0, 1, 2, -128],
  keys: [...spellings(0, 1, 2, 1n, -128, 128, '1', 'true'), { key: true, lone: 1 }, { key: false, lone: 0 }],
  generated: fc.integer({ min: -128, max: 127 }).map((key): Spelling => ({ key })),
  runs: 20,
  accepts: (key) => typeof key === 'boolean' || typeof key === 'bigint' || Number.isSafeInteger(key),
}

export const numberCases: readonly ColumnCase[] = [
  ...(Object.keys(INTEGERS) as (keyof typeof INTEGERS)[]).flatMap((type) => [
    integerCase(type, false),
    integerCase(type, true),
  ]),
  ...[
    [10, 2],
    [4, 0],
    [5, 5],
    [65, 30],
    [65, 0],
    [38, 10],
  ].map(([precision, scale]) => decimalCase(precision!, scale!)),
  ...[1, 2, 7, 8, 9, 31, 32, 53, 63, 64].map(bitCase),
  YEAR,
  BOOL,
]
