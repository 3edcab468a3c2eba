import fc from 'fast-check'
import type { ServerSystem } from '../../../src/database/server-version.ts'
import { BOTH_PROTOCOLS, type ColumnCase, type Spelling, spellings } from './case.ts'

const two = (value: number) => String(value).padStart(2, '0')

const day = fc
  .date({ min: new Date('1000-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const nearDay = fc.integer({ min: 1, max: 31 }).map((date) => `2024-01-${two(date)}`)
const clock = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }), fc.constantFrom(0, 1, 59))
  .map((parts) => parts.map(two).join(':'))
const fraction = fc.constantFrom(
  '',
  '.0',
  '.1',
  '.5',
  '.50',
  '.500',
  '.499999',
  '.999999',
  '.000001',
  '.12',
  '.123456',
  '.1234',
)

const DATES = [
  '1000-01-01',
  '1970-01-01',
  '2000-02-29',
  '2024-02-29',
  '2024-12-31',
  '9999-12-31',
  '0001-01-01',
]
const NOT_DATES = [
  '2023-02-29',
  '2024-02-30',
  '2024-04-31',
  '2024-13-01',
  '2024-00-10',
  '2024-01-00',
  '0000-00-00',
  '20240229',
  '24-02-29',
]
const NOT_DATE_TEXTS = [
  '2024-2-9',
  '2024/02/29',
  '2024-02-29 ',
  ' 2024-02-29',
  '2024-02-29x',
  '',
  'today',
  '٢٠٢٤-٠٢-٢٩',
  '+02024-02-29',
]

function isDate(text: string): boolean {
  const [, year = '', month = '', date = ''] = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/.exec(text) ?? []
  if (!year) return false
  const leap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0)
  const lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return Number(date) >= 1 && Number(date) <= (lengths[Number(month) - 1] ?? 0)
}

const DATE: ColumnCase = {
  name: 'date',
  type: 'date',
  rows: DATES,
  keys: spellings(
    ...DATES,
    ...NOT_DATES,
    ...NOT_DATE_TEXTS,
    '2024-02-29 00:00:00',
    new Date(0),
    20240229,
    null,
  ),
  generated: fc.oneof(day, nearDay).map((key): Spelling => ({ key })),
  accepts: (key) => typeof key === 'string' && isDate(key),
  unique: 'virtual',
}

const MOMENTS = ['2024-02-29 12:34:56', '2000-01-01 00:00:00', '2037-12-31 23:59:59', '1970-01-02 00:00:00']
const NOT_MOMENTS = [
  '2024-02-29',
  '2024-02-29 24:00:00',
  '2024-02-29 12:60:00',
  '2024-02-29 12:34',
  '2024-02-30 00:00:00',
  '20240229123456',
]
const NOT_MOMENT_TEXTS = [
  '2024-02-29 12:34:56.',
  '2024-02-29 12:34:56.1234567',
  '2024-02-29T12:34:56Z',
  '2024-02-29 12:34:56+00:00',
  '0000-00-00 00:00:00',
  '2024-02-29  12:34:56',
  '2024-02-29 12:34:56 ',
  '2024-02-29 1:02:03',
  '2024-02-29 12:34:60',
]

function isMoment(key: unknown): boolean {
  if (key instanceof Date) return !Number.isNaN(key.getTime())
  const parts =
    typeof key === 'string' && /^(.{10})[ T]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]{1,6})?$/.exec(key)
  return parts && isDate(parts[1]!)
    ? Number(parts[2]) < 24 && Number(parts[3]) < 60 && Number(parts[4]) < 60
    : false
}

const asMoment = (key: Date | string): Spelling =>
  typeof key === 'string'
    ? { key }
    : { key, lone: Number.isNaN(key.getTime()) ? '' : key.toISOString().replace('T', ' ').replace('Z', '') }

function momentCase(type: 'datetime' | 'timestamp', digits: number): ColumnCase {
  const days =
    type === 'datetime'
      ? fc.oneof(day, nearDay)
      : fc
          .date({ min: new Date('1970-01-02'), max: new Date('2037-12-31'), noInvalidDate: true })
          .map((date) => date.toISOString().slice(0, 10))
  const text = fc.tuple(days, fc.constantFrom(' ', 'T'), clock, fraction).map((parts) => parts.join(''))
  const minute = fc
    .tuple(fc.constantFrom('2024-02-29 12:34:55', '2024-02-29 12:34:56', '2024-02-29T12:34:57'), fraction)
    .map((parts) => parts.join(''))
  const milliseconds = fc
    .integer({ min: 0, max: 999 })
    .map((part) => new Date(Date.UTC(2024, 1, 29, 12, 34, 56, part)))
  const fractions = ['', '.0', '.4', '.5', '.123', '.123456', '.1234', '.12', '.999999', '.000001', '.100']
  return {
    name: `${type}_${digits}`,
    type: `${type}(${digits})`,
    rows: [...MOMENTS, ...fractions.map((part) => `2024-02-29 12:34:56${part}`)],
    keys: [
      ...[
        ...MOMENTS,
        ...fractions.map((part) => `2024-02-29 12:34:56${part}`),
        ...NOT_MOMENTS,
        ...NOT_MOMENT_TEXTS,
      ].map(asMoment),
      ...[
        '2024-02-29T12:34:56',
        '9999-12-31 23:59:59.999999',
        '1000-01-01 00:00:00',
        '0001-01-01 00:00:00',
      ].map(asMoment),
      ...[
        new Date('2024-02-29T12:34:56Z'),
        new Date('2024-02-29T12:34:56.123Z'),
        new Date(Number.NaN),
        new Date(0),
      ].map(asMoment),
      ...[new Date(8.64e15), new Date(-8.64e15), new Date('-000001-01-01T00:00:00Z')].map(asMoment),
      ...spellings(1709210096, null, true),
    ],
    generated: fc.oneof(text, minute, milliseconds).map(asMoment),
    runs: 60,
    accepts: (key) => isMoment(key) && !(key instanceof Date && !isDate(key.toISOString().slice(0, 10))),
    ...(type === 'datetime' && digits === 3 && { unique: 'stored' as const }),
  }
}

function timeCase(digits: number, system: ServerSystem): ColumnCase {
  const hours = fc.oneof(fc.integer({ min: 0, max: 838 }), fc.integer({ min: 0, max: 12 }))
  const text = fc
    .tuple(fc.constantFrom('', '-'), hours, fc.constantFrom(':00:00', ':59:59', ':01:02', ':30:00'), fraction)
    .map(([sign, hour, rest, part]) => `${sign}${String(hour).padStart(hour % 2 ? 3 : 2, '0')}${rest}${part}`)
  const given = [
    '00:00:00',
    '-00:00:00',
    '12:34:56',
    '012:34:56',
    '-12:34:56',
    '838:59:59',
    '-838:59:59',
    '24:00:00',
    '100:00:00',
    '12:34:56.5',
  ]
  const parts = [
    '12:34:56.123456',
    '12:34:56.0',
    '12:34:56.120',
    '00:00:00.000001',
    '-00:00:00.000001',
    '-12:34:56.5',
    '-00:00:01',
  ]
  const beyond = ['838:59:59.999999', '-838:59:59.9']
  const bad = [
    '839:00:00',
    '12:34',
    '12',
    '',
    '1:02:03',
    '0012:34:56',
    '12:60:00',
    '12:34:60',
    '1 12:00:00',
    '123456',
    '12:34:56.1234567',
    '12:34:56 ',
    '--12:34:56',
    '+12:34:56',
  ]
  return {
    name: `time_${digits}`,
    type: `time(${digits})`,
    rows: [...given, ...parts, ...beyond],
    keys: [...spellings(...given, ...parts, ...beyond, ...bad, 123456, null, new Date(0))],
    generated: text.map((key): Spelling => ({ key })),
    runs: 60,
    accepts(key) {
      const match =
        typeof key === 'string' && /^-?([0-9]{2,3}):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?$/.exec(key)
      if (!match || Number(match[1]) > 838) return false
      return (match[4] ?? '').replace(/0+$/, '').length <= digits
    },
    // MariaDB has times up to the next second. MySQL ends at the full one, and takes a prepared time beyond it for that one.
    ...(system === 'mysql' && {
      protocols: (key) => (/^-?838:59:59[.].*[1-9]/.test(String(key)) ? ['query'] : BOTH_PROTOCOLS),
    }),
  }
}

export function timeCases(system: ServerSystem): ColumnCase[] {
  const digits = [0, 1, 2, 3, 4, 5, 6]
  return [
    DATE,
    ...digits.flatMap((count) => [
      momentCase('datetime', count),
      momentCase('timestamp', count),
      timeCase(count, system),
    ]),
  ]
}
