import type { ServerSystem, ServerVersion } from '../../src/database/server-version.ts'

/** A column type with the values that hurt, as SQL literals; NULL is added to each. */
export interface ColumnType {
  readonly type: string
  readonly values: readonly string[]
  /** The values can be keys, each of one row. */
  readonly key?: false
  /** The one server that has it, from a release on. */
  readonly only?: { readonly system: ServerSystem; readonly from: number }
}

const every = (types: readonly string[], values: readonly string[], more: Partial<ColumnType> = {}) =>
  types.map((type): ColumnType => ({ type, values, ...more }))

const BIGINTS = [
  '-9223372036854775808',
  '9223372036854775807',
  '9007199254740993',
  '-9007199254740993',
  '9007199254740991',
  '0',
]

const MOMENTS = ["'0001-01-01 00:00:00'", "'0999-12-31 23:59:59'", "'9999-12-31 23:59:59'", "'2024-02-29'"]
const NO_MOMENTS = ["'0000-00-00'", "'2020-00-10 01:02:03'", "'2020-02-00'"]

/** Every type that a server has. */
export function columnTypesOf({ system, release }: ServerVersion): readonly ColumnType[] {
  return COLUMN_TYPES.filter(({ only }) => !only || (only.system === system && only.from <= release))
}

const COLUMN_TYPES: readonly ColumnType[] = [
  { type: 'tinyint', values: ['-128', '127'] },
  { type: 'tinyint unsigned', values: ['0', '255'] },
  { type: 'tinyint(1)', values: ['0', '1'] },
  { type: 'tinyint(1) unsigned', values: ['0', '1', '255'] },
  { type: 'smallint', values: ['-32768', '32767'] },
  { type: 'mediumint', values: ['-8388608', '8388607'] },
  { type: 'mediumint unsigned', values: ['16777215'] },
  { type: 'int', values: ['-2147483648', '2147483647'] },
  { type: 'int unsigned', values: ['4294967295'] },
  { type: 'int(7) zerofill', values: ['42'] },
  { type: 'bigint', values: BIGINTS },
  { type: 'bigint(1)', values: ['1', '9223372036854775807'] },
  { type: 'bigint unsigned', values: ['18446744073709551615', '9007199254740992', '7'] },
  { type: 'bigint zerofill', values: ['42', '9007199254740993', '0'] },
  {
    type: 'decimal(65,30)',
    values: ["'-12345678901234567890123456789012345.123456789012345678901234567890'", '0'],
  },
  { type: 'decimal(5,0)', values: ['-99999', '0'] },
  { type: 'decimal(8,2) zerofill', values: ['1.5', '0'] },
  { type: 'float', values: ['0.1', '16777216', '3.402823466e38', '1.4e-45', '-0.5'], key: false },
  {
    type: 'double',
    values: ['0.1', '1.7976931348623157e308', '5e-324', '-97459148.91562091', '930.2032096654789'],
    key: false,
  },
  { type: 'double(10,2)', values: ['1.5', '-99999999.99'], key: false },
  { type: 'bit(1)', values: ["b'0'", "b'1'"] },
  { type: 'bit(13)', values: ["b'0'", "b'1'", "b'1111111111111'"] },
  { type: 'bit(64)', values: ["b'1'", `b'${'1'.repeat(64)}'`] },
  { type: 'year', values: ['1901', '2155', '0'] },
  { type: 'date', values: ["'0001-01-01'", "'9999-12-31'", "'2024-02-29'"] },
  { type: 'date', values: ["'0000-00-00'", "'2020-00-10'", "'2020-02-00'"], key: false },
  {
    type: 'time',
    values: ["'838:59:59'", "'-838:59:59'", "'00:00:00'", "'-00:00:01'", "'100:00:00'", "'01:02:03'"],
  },
  { type: 'time(3)', values: ["'-12:34:56.780'", "'00:00:00'", "'838:59:59'"] },
  { type: 'time(6)', values: ["'-00:00:00.000001'", "'-101:00:00.5'", "'00:00:00'"] },
  ...every(['datetime', 'datetime(3)', 'datetime(6)'], MOMENTS),
  ...every(['datetime', 'datetime(3)', 'datetime(6)', 'timestamp null'], NO_MOMENTS, { key: false }),
  { type: 'datetime(1)', values: ["'2020-01-01 00:00:00.1'", "'2020-01-02'"] },
  { type: 'datetime(3)', values: ["'0999-01-01 00:00:00.001'", "'9999-12-31 23:59:59.999'"] },
  { type: 'datetime(6)', values: ["'0001-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"] },
  { type: 'timestamp null', values: ["'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'"] },
  { type: 'timestamp(3) null', values: ["'2038-01-19 03:14:07.999'", "'2020-01-02'"] },
  { type: 'timestamp(4) null', values: ["'2038-01-19 03:14:07.9999'", "'2020-01-02'"] },
  { type: 'timestamp(6) null', values: ["'2038-01-19 03:14:07.999999'", "'2020-01-02'"] },
  { type: 'char(3)', values: ["''", "'😀'", "'a b'"] },
  ...every(['char(3) character set latin1', 'varchar(3) character set cp1250'], ["'á'", "''"]),
  { type: 'char(3) character set ascii', values: ["'ab'"] },
  { type: 'char(3) character set binary', values: ["'ab'"] },
  { type: 'varchar(9) character set sjis', values: ["'表'"] },
  { type: 'varchar(9) character set utf16', values: ["'😀'"] },
  { type: 'varchar(9) character set utf8mb3', values: ["'größe'"] },
  { type: 'varchar(9) character set utf8mb4 collate utf8mb4_bin', values: ["'a  '", "'\\0\\n'", "''"] },
  ...every(['tinytext', 'text', 'mediumtext', 'longtext'], ["'😀'", "'\\\\\\''", "''"], { key: false }),
  {
    type: 'longtext character set utf8mb4 collate utf8mb4_bin',
    values: [`'{"not": "parsed"}'`],
    key: false,
  },
  { type: 'binary(4)', values: ["'ab'", "x'00ff'", "''"] },
  { type: 'varbinary(4)', values: ["'ab'", "x'00ff'", "x'00ff00'", "''"] },
  ...every(['tinyblob', 'blob', 'mediumblob', 'longblob'], ["x'00ff'", "''"], { key: false }),
  { type: `enum('a', 'it''s', 'größe', '')`, values: ["'a'", "'it''s'", "'größe'", "''"] },
  { type: `set('a', 'b', 'c')`, values: ["'a,c'", "'b'", "''"] },
  {
    type: 'json',
    values: [
      `'{"a": [1, {"b": 9007199254740993}], "n": null, "d": 1.5, "__proto__": {"x": 1}, "big": [-12345678901234567]}'`,
      `'"text"'`,
      `'null'`,
      `'9007199254740993'`,
      `'-0.25'`,
      `'true'`,
      `'[]'`,
      `'{"😀": "\\\\u0000"}'`,
    ],
    key: false,
  },
  {
    type: 'vector(2)',
    values: ["to_vector('[1,2.5]')", "to_vector('[-0.25,0]')"],
    key: false,
    only: { system: 'mysql', from: 900 },
  },
  {
    type: 'vector(2)',
    values: ["vec_fromtext('[1,2.5]')", "vec_fromtext('[-0.25,0]')"],
    key: false,
    only: { system: 'mariadb', from: 1107 },
  },
  {
    type: 'uuid',
    values: ["'123E4567-e89b-12d3-a456-426655440000'"],
    only: { system: 'mariadb', from: 1007 },
  },
  {
    type: 'inet6',
    values: ["'::ffff:1.2.3.4'", "'2001:DB8::1'", "'::'"],
    only: { system: 'mariadb', from: 1005 },
  },
  { type: 'inet4', values: ["'1.2.3.4'", "'255.255.255.255'"], only: { system: 'mariadb', from: 1010 } },
  ...every(['geometry', 'point'], ['point(1, -2.5)'], { key: false }),
  {
    type: 'polygon',
    values: ["st_geomfromtext('polygon((0 0, 1 1, 1 0, 0 0))')"],
    key: false,
  },
  {
    type: 'geometrycollection',
    values: ["st_geomfromtext('geometrycollection(point(1 2))')"],
    key: false,
  },
]
