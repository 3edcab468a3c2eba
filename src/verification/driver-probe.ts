import { type Kysely, sql } from 'kysely'
import { isReadAsDate } from '../columns/time.ts'
import { ConfigurationError } from '../errors.ts'
import type { ColumnMetadata, TableMetadata } from '../metadata.ts'

/** A known value, how the server is made to send it, and what the driver must make of it. */
interface Probe {
  /** The column's type and what its values should be, for the message. */
  readonly what: string
  /** A column type, through which the server sends what it sends for such a column, or an SQL expression. */
  readonly source:
    | { readonly type: string; readonly value: string | number }
    | { readonly expression: string }
  /** mysql2's own setting for it, where there is one. */
  readonly setting?: string
  matches(value: unknown): boolean
}

/**
 * A Kysely instance hides its pool, so that the driver itself is asked: one statement reads a value of every type that the
 * tables have.
 *
 * @throws ConfigurationError that names what is read otherwise than generated.
 */
export async function probeDriver(db: Kysely<unknown>, tables: readonly TableMetadata[]): Promise<void> {
  const bySource = new Map<string, Probe>()
  for (const { columns } of tables) {
    for (const probe of columns.flatMap(probesOf)) {
      bySource.set(JSON.stringify([probe.source, probe.what]), probe)
    }
  }
  const probes = [...bySource.values()]
  if (probes.length === 0) return
  const values = await readProbes(db, probes)
  const wrong = probes.filter(({ matches }, index) => !matches(values[index]))
  if (wrong.length === 0) return
  const found = new Set(wrong.map(({ what }) => what))
  const settings = new Set(wrong.flatMap(({ setting = [] }) => setting))
  throw new ConfigurationError({
    kind: 'decoding',
    problem: `The Kysely instance's driver reads ${[...found].join(', ')} otherwise than the generated types say`,
    fix: `Make it with createDatabase, whose values are as generated, or give its mysql2 pool ${[...settings, 'no typeCast'].join(', ')}.`,
  })
}

async function readProbes(db: Kysely<unknown>, probes: readonly Probe[]): Promise<readonly unknown[]> {
  const document: Record<string, string | number> = { at: 1 }
  const declarations = [`k int path '$.at'`]
  const columns = probes.map(({ source }, index) => {
    const name = `c${index}`
    if ('expression' in source) return `${source.expression} ${name}`
    document[name] = source.value
    declarations.push(`${name} ${source.type} path '$.${name}'`)
    return name
  })
  const { rows } = await sql<Record<string, unknown>>`
    select ${sql.raw(columns.join(', '))}
    from json_table(${JSON.stringify([document])}, '$[*]' columns (${sql.raw(declarations.join(', '))})) k
  `.execute(db.withoutPlugins())
  return probes.map((_, index) => rows[0]?.[`c${index}`])
}

function probesOf(column: ColumnMetadata): readonly Probe[] {
  const { type } = column
  switch (type) {
    case 'tinyint':
      return [tinyintProbe(column)]
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'year':
    case 'float':
    case 'double':
      return [probe({ type, expected: 'a number', value: 2020 / (type === 'year' ? 1 : 20) })]
    case 'bigint':
      return bigintProbes(column)
    case 'decimal':
      return [probe({ type, declaration: 'decimal(4, 2)', expected: 'a string', value: '1.10' })]
    case 'date':
      return [
        probe({ type, expected: 'a string', value: '2020-01-02', setting: "dateStrings: ['DATE'] or true" }),
      ]
    case 'time':
      return [probe({ type, declaration: 'time(3)', expected: 'a string', value: '03:04:05.600' })]
    case 'datetime':
    case 'timestamp':
      return [momentProbe(column)]
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
      return [
        probe({ type, declaration: 'varchar(9) character set utf8mb4', expected: 'a string', value: '😀' }),
      ]
    case 'bit':
      return [bytesProbe({ type, declaration: 'bit(1)', value: 1, bytes: [1] })]
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return [
        bytesProbe({ type, declaration: type.replace(/binary$/, 'binary(2)'), value: 'ab', bytes: [97, 98] }),
      ]
    case 'json':
      return [jsonProbe]
    default:
      return []
  }
}

interface PlainProbe {
  readonly type: string
  readonly declaration?: string
  readonly expected: string
  readonly value: string | number
  readonly setting?: string
}

/** A value that JSON and the driver represent alike. */
function probe({ type, declaration = type, expected, value, setting }: PlainProbe): Probe {
  return {
    what: `${type.toUpperCase()} (${expected} is expected)`,
    source: { type: declaration, value },
    ...(setting && { setting }),
    matches: (read) => read === value,
  }
}

function tinyintProbe({ length, as }: ColumnMetadata): Probe {
  if (length !== 1) return probe({ type: 'tinyint', expected: 'a number', value: 2 })
  const expected = as ?? 'number'
  return {
    what: `TINYINT(1) (a ${expected} is expected)`,
    source: { type: 'tinyint(1)', value: 1 },
    matches: (read) => read === (as === 'boolean' ? true : 1),
  }
}

/** As number a large one may arrive as text, which the row then refuses, and never rounded. */
function bigintProbes({ as }: ColumnMetadata): Probe[] {
  const large = '9007199254740993'
  const probes: [string, (read: unknown) => boolean][] =
    as === 'bigint'
      ? [42n, BigInt(large)].map((value) => [String(value), (read) => read === value])
      : as === 'string'
        ? ['42', large].map((value) => [value, (read) => read === value])
        : [
            ['42', (read) => read === 42],
            [large, (read) => read === large],
          ]
  const setting = {
    number: 'supportBigNumbers: true',
    string: 'supportBigNumbers: true, bigNumberStrings: true',
    bigint: undefined,
    boolean: undefined,
  }[as ?? 'number']
  return probes.map(([value, matches]) => ({
    what: `BIGINT (a ${as ?? 'number'} is expected, never rounded)`,
    source: { type: 'bigint', value },
    ...(setting && { setting }),
    matches,
  }))
}

function momentProbe(column: ColumnMetadata): Probe {
  const text = '2020-01-02 03:04:05.678'
  if (isReadAsDate(column)) {
    return {
      what: `${column.type.toUpperCase()} (a Date in UTC is expected)`,
      source: { type: `${column.type}(3)`, value: text },
      setting: "timezone: 'Z'",
      matches: (read) => read instanceof Date && read.toISOString() === '2020-01-02T03:04:05.678Z',
    }
  }
  const what = { type: column.type, declaration: `${column.type}(6)`, value: `${text}901` }
  return {
    ...probe({ ...what, expected: 'a string with its microseconds' }),
    what: `${column.type.toUpperCase()}(6) (a string with its microseconds is expected)`,
  }
}

interface BytesProbe {
  readonly type: string
  readonly declaration: string
  readonly value: string | number
  readonly bytes: readonly number[]
}

function bytesProbe({ type, declaration, value, bytes }: BytesProbe): Probe {
  return {
    what: `${type.toUpperCase()} (a Buffer is expected)`,
    source: { type: declaration, value },
    matches: (read) => Buffer.isBuffer(read) && read.equals(Uint8Array.from(bytes)),
  }
}

/** Not through JSON_TABLE: MariaDB tells JSON from text for columns and functions only. */
const jsonProbe: Probe = {
  what: 'JSON (its parsed value is expected)',
  source: { expression: `json_extract('{"a_b": [1]}', '$')` },
  setting: 'jsonStrings: false',
  matches: (read) => JSON.stringify(read) === '{"a_b":[1]}',
}
