/** What cannot be a key of a column of one type, and what can. */
export interface Validation {
  readonly type: string
  /** A row's value, as SQL, and the key that finds it. */
  readonly row: string
  readonly key: unknown
  /** What the message says was expected. */
  readonly expected: RegExp
  /** Never sent: by what is said of them. */
  readonly invalid: Readonly<Record<string, unknown>>
  /** For the server to decide, which has no row of them. */
  readonly absent?: Readonly<Record<string, unknown>>
  /** Other spellings of the row's key. */
  readonly same?: Readonly<Record<string, unknown>>
}

/** In no row, whatever the column's type. */
export const NOTHING: Readonly<Record<string, unknown>> = { undefined: undefined, NULL: null }

/** Values of the wrong JavaScript type for every column; each type adds its own. */
export const NEVER: Readonly<Record<string, unknown>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  'a symbol': Symbol('secret'),
  'a function': () => 'secret',
  'a boxed string': new String('1'),
  'a boxed number': new Number(1),
  'a boxed bigint': Object(1n),
  'an array': ['1'],
  'an empty array': [],
  'a map': new Map([['k', 1]]),
  'an object with toString': { toString: () => '1' },
  'an object with toJSON': { toJSON: () => 1 },
  'an invalid Date': new Date(Number.NaN),
  'an array buffer': new ArrayBuffer(2),
  'a lone surrogate': 'secret\ud800',
}

const INTEGERS = {
  '1.5': 1.5,
  '2^53 as a number': 2 ** 53,
  '2^53 + 2 as a number': 2 ** 53 + 2,
  'a string': 'secret',
  '1e300': 1e300,
}
const NOT_MOMENTS = {
  'a date without a time': '2024-02-29',
  'February 30': '2024-02-30 00:00:00',
  '24:00:00': '2024-02-29 24:00:00',
  'minute 60': '2024-02-29 12:60:00',
  'second 60': '2024-02-29 12:00:60',
  'a time zone': '2024-02-29T12:34:56Z',
  'an offset': '2024-02-29 12:34:56+01:00',
  'a zero date': '0000-00-00 00:00:00',
  'seven digits': '2024-02-29 12:34:56.1234567',
  'no separators': '20240229123456',
  'a year of five digits': new Date(8.64e15),
  'a year before 0': new Date('-000001-01-01T00:00:00Z'),
  'a number': 1709210096,
}

export const VALIDATIONS: readonly Validation[] = [
  {
    type: 'int',
    row: '7',
    key: 7,
    expected: /an integer/,
    invalid: { ...INTEGERS, 'a digit': '7', true: true },
    absent: {
      '-0': -0,
      'the largest': 2 ** 31 - 1,
      'the smallest': -(2n ** 31n),
      'too large': 2 ** 31,
      'too small': -(2 ** 31) - 1,
      'too large a bigint': 2n ** 31n,
      'beyond BIGINT': 2n ** 63n,
      'far beyond it': -(2n ** 100n),
    },
    same: { 'a bigint': 7n, '7.0': 7.0 },
  },
  {
    type: 'tinyint unsigned',
    row: '255',
    key: 255,
    expected: /an integer/,
    invalid: { ...INTEGERS, true: true },
    absent: { '-0': -0, '-1': -1, '-1n': -1n, '256': 256, '511': 511, 'beyond BIGINT': 2n ** 64n },
    same: { 'a bigint': 255n },
  },
  {
    type: 'bool',
    row: '1',
    key: true,
    expected: /an integer/,
    invalid: { ...INTEGERS, "'true'": 'true' },
    absent: { false: false, '2': 2, '128': 128, '257': 257 },
    same: { '1': 1 },
  },
  {
    type: 'bigint unsigned',
    row: '18446744073709551615',
    key: 18446744073709551615n,
    expected: /an integer/,
    invalid: {
      ...INTEGERS,
      'leading zeros': '01',
      'text with an exponent': '1e3',
      spaces: ' 1',
    },
    absent: {
      '2^64': 2n ** 64n,
      '2^64 as text': '18446744073709551616',
      '1,000 digits': '1'.repeat(1_000),
      '-1': -1n,
      '-1 as text': '-1',
      '2^53 + 1 as a bigint': 2n ** 53n + 1n,
      '2^53 + 1 as text': '9007199254740993',
      '2^64 - 2': 2n ** 64n - 2n,
    },
    same: { text: '18446744073709551615' },
  },
  {
    type: 'decimal(10,2)',
    row: '1.10',
    key: '1.10',
    expected: /up to 8 digits before and 2 after the point/,
    invalid: {
      'three decimals': '1.101',
      'nine digits before the point': '123456789',
      'an exponent': '1e0',
      'a number that is written with an exponent': 1e21,
      'a tiny number': 1e-7,
      'a sum of binary fractions': 0.1 + 0.2,
      spaces: ' 1.10',
      'a plus': '+1.10',
      hexadecimal: '0x1',
      'other digits': '١',
      'no digit': '.',
      empty: '',
      'two points': '1.1.0',
      'a comma': '1,10',
      true: true,
    },
    absent: { '-0': -0, 'the largest': '99999999.99', negative: '-1.1' },
    same: { 'fewer decimals': '1.1', 'more zeros': '1.1000', 'leading zeros': '001.10', 'a number': 1.1 },
  },
  {
    type: 'varchar(5) character set utf8mb4 collate utf8mb4_general_ci',
    row: "'FR'",
    key: 'FR',
    expected: /a well-formed string/,
    invalid: {
      'a high surrogate at the end': 'FR\ud83d',
      'a low surrogate': '\ude00FR',
      'surrogates in the wrong order': '\ude00\ud83d',
      'a number': 1,
      'a Date': new Date(0),
      bytes: Buffer.from('FR'),
      true: true,
      'a bigint': 1n,
    },
    absent: {
      empty: '',
      'longer than the column': 'FRANCE',
      'an embedded NUL': 'FR\0',
      'an emoji': '😀',
      'a quote': "FR' or 1=1 -- ",
      'a wildcard': 'F%',
      'a backslash': 'FR\\',
      '10,000 characters': 'x'.repeat(10_000),
    },
    same: { 'another case': 'fr', 'trailing spaces': `FR${' '.repeat(10_000)}` },
  },
  {
    type: 'char(2) character set ascii collate ascii_bin',
    row: "'?'",
    key: '?',
    expected: /a well-formed string/,
    invalid: { 'a number': 1 },
    absent: { 'a character that the charset lacks': 'é', another: '😀', 'two of them': 'éé' },
  },
  {
    type: "enum('a','b') character set latin1 collate latin1_swedish_ci",
    row: "'b'",
    key: 'b',
    expected: /a well-formed string/,
    invalid: { 'an index': 2 },
    absent: { 'an index as text': '2', 'no member': 'c' },
    same: { 'another case': 'B' },
  },
  {
    type: 'varbinary(4)',
    row: "x'6100'",
    key: Buffer.from('a\0'),
    expected: /bytes: a Buffer or Uint8Array/,
    invalid: { 'a string': 'a\0', 'a number': 97 },
    absent: {
      'without the zero': Buffer.from('a'),
      'with another zero': Buffer.from('a\0\0'),
      empty: Buffer.alloc(0),
      'longer than the column': Buffer.from('a\0\0\0\0'),
    },
    same: { 'a Uint8Array': new Uint8Array([0x61, 0]) },
  },
  {
    type: 'bit(9)',
    row: "b'100000001'",
    key: 257,
    expected: /an integer from 0 to 511, or its bytes/,
    invalid: {
      ...INTEGERS,
      '512': 512,
      '-1': -1,
      'no bytes': Buffer.alloc(0),
      'too many bytes': Buffer.alloc(9),
      'bytes beyond the width': Buffer.from([0x02, 0x00]),
    },
    absent: { '511': 511, false: false },
    same: { 'a bigint': 257n, bytes: Buffer.from([1, 1]), 'padded bytes': Buffer.from([0, 1, 1]) },
  },
  {
    type: 'date',
    row: "'2024-02-29'",
    key: '2024-02-29',
    expected: /a calendar date as a string 'YYYY-MM-DD'/,
    invalid: {
      'February 30': '2024-02-30',
      'February 29 of another year': '2023-02-29',
      'month 13': '2024-13-01',
      'day 0': '2024-02-00',
      'a zero date': '0000-00-00',
      'no dashes': '20240229',
      'two-digit year': '24-02-29',
      'one-digit month': '2024-2-29',
      slashes: '2024/02/29',
      'a time': '2024-02-29 00:00:00',
      'a trailing space': '2024-02-29 ',
      'a Date, which has a time': new Date('2024-02-29T00:00:00Z'),
      'a number': 20240229,
    },
    absent: { 'another day': '2024-02-28', 'the first': '0001-01-01', 'the last': '9999-12-31' },
  },
  {
    type: 'datetime(3)',
    row: "'2024-02-29 12:34:56.5'",
    key: new Date('2024-02-29T12:34:56.500Z'),
    expected: /a Date or a string 'YYYY-MM-DD HH:MM:SS\[\.ffffff\]' in UTC/,
    invalid: NOT_MOMENTS,
    absent: {
      'a digit beyond the column': '2024-02-29 12:34:56.5001',
      'a second less': '2024-02-29 12:34:55.500',
    },
    same: {
      text: '2024-02-29 12:34:56.5',
      'a T': '2024-02-29T12:34:56.500',
      'six digits': '2024-02-29 12:34:56.500000',
    },
  },
  {
    type: 'timestamp(0)',
    row: "'2024-02-29 12:34:56'",
    key: new Date('2024-02-29T12:34:56Z'),
    expected: /a Date or a string 'YYYY-MM-DD HH:MM:SS\[\.ffffff\]' in UTC/,
    invalid: NOT_MOMENTS,
    absent: {
      milliseconds: new Date('2024-02-29T12:34:56.400Z'),
      'before the first': '1969-12-31 23:59:59',
      'after the last': '9999-12-31 23:59:59',
    },
    same: { text: '2024-02-29 12:34:56.000' },
  },
  {
    type: 'time(1)',
    row: "'-01:02:03.5'",
    key: '-01:02:03.5',
    expected: /a string '\[-\]HHH:MM:SS\[\.f\]'/,
    invalid: {
      'two decimals': '-01:02:03.51',
      'one digit': '1:02:03',
      'no seconds': '01:02',
      'minute 60': '01:60:00',
      'hour 839': '839:00:00',
      'a day': '1 01:02:03',
      'a number': 10203,
      'a Date': new Date(0),
    },
    absent: { '24:00:00': '24:00:00', 'the largest': '838:59:59', positive: '01:02:03.5' },
    same: { 'three digits': '-001:02:03.5', zeros: '-01:02:03.500' },
  },
  {
    type: 'year',
    row: '2024',
    key: 2024,
    expected: /a year: 0 or 1901 to 2155/,
    invalid: { ...INTEGERS, 'two digits': 24, '1900': 1900, '2156': 2156, text: '2024' },
    absent: { '0': 0, '-0': -0, '0n': 0n, '1901': 1901 },
    same: { 'a bigint': 2024n },
  },
]

/** From MariaDB 10.7 on. */
export const MARIADB_VALIDATIONS: readonly Validation[] = [
  {
    type: 'uuid',
    row: "'6ccd780c-baba-1026-9564-5b8c656024db'",
    key: '6ccd780c-baba-1026-9564-5b8c656024db',
    expected: /a UUID as a string/,
    invalid: {
      empty: '',
      'a digit less': '6ccd780c-baba-1026-9564-5b8c656024d',
      braces: '{6ccd780c-baba-1026-9564-5b8c656024db}',
      bytes: Buffer.alloc(16),
    },
    absent: { zero: '00000000-0000-0000-0000-000000000000' },
    same: {
      'upper case': '6CCD780C-BABA-1026-9564-5B8C656024DB',
      'no dashes': '6ccd780cbaba102695645b8c656024db',
    },
  },
  {
    type: 'inet6',
    row: "'2001:db8::1'",
    key: '2001:db8::1',
    expected: /an IPv6 or IPv4 address as a string/,
    invalid: {
      empty: '',
      'a prefix': '2001:db8::/32',
      brackets: '[2001:db8::1]',
      'a zone': 'fe80::1%eth0',
      'two gaps': '1::2::3',
      'a number': 1,
    },
    absent: { loopback: '::1', 'an IPv4 address': '1.2.3.4' },
    same: { 'upper case': '2001:DB8::1', 'written out': '2001:0db8:0:0:0:0:0:0001' },
  },
]
