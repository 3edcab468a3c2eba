import type { ColumnMetadata } from '../metadata.ts'

/** One row of `information_schema.columns`, under names that no plugin rewrites; texts may arrive as bytes. */
export interface ColumnRow {
  readonly tablename: string
  readonly name: string
  readonly datatype: string
  readonly columntype: string
  readonly defaulttext: string | null
  readonly nullable: string
  readonly extra: string
  readonly length: number | null
  readonly digits: number | null
  readonly scale: number | null
  readonly fraction: number | null
  readonly charset: string | null
  readonly collation: string | null
}

interface ColumnContext {
  readonly flavor: 'mariadb' | 'mysql'
  /** Views repeat their tables' defaults on one server and not on the other: neither is reported. */
  readonly view: boolean
  /** MariaDB: the column is checked to be valid JSON. */
  readonly jsonChecked: boolean
}

const WITH_LENGTH = new Set(['char', 'varchar', 'binary', 'varbinary'])
const WITH_FRACTION = new Set(['time', 'datetime', 'timestamp'])
/** Charsets with characters that `information_schema`, which is utf8mb3, shows as a question mark. */
const BEYOND_UTF8MB3 = new Set(['utf8mb4', 'utf16', 'utf16le', 'utf32', 'gb18030'])

/** Translates what both servers say of a column into one description, equal wherever they agree. */
export function columnMetadata(row: ColumnRow, context: ColumnContext): ColumnMetadata {
  const type = baseType(row, context)
  const charset = type === 'json' ? null : renamed(row.charset)
  const collation = type === 'json' ? null : renamed(row.collation)
  const length = columnLength(type, row)
  const values = type === 'enum' || type === 'set' ? knownMembers(row.columntype, charset) : undefined
  const generated = /\b(virtual|stored|persistent) generated\b/i.test(row.extra)
  return {
    name: row.name,
    type,
    ...(/ unsigned\b/.test(row.columntype) && { unsigned: true }),
    ...(length !== undefined && { length }),
    ...(type === 'decimal' && { precision: Number(row.digits), scale: Number(row.scale) }),
    ...(WITH_FRACTION.has(type) && { precision: Number(row.fraction ?? 0) }),
    ...(charset !== null && { charset }),
    ...(collation !== null && { collation }),
    ...(values && { values }),
    ...(row.nullable === 'YES' && { nullable: true }),
    ...(!context.view && !generated && hasDefault(row, context) && { hasDefault: true }),
    ...(!context.view && generated && { generated: true }),
  }
}

function baseType(row: ColumnRow, { flavor, view, jsonChecked }: ColumnContext): string {
  const type = row.datatype.toLowerCase()
  if (type === 'geomcollection') return 'geometrycollection'
  // A view does not show the check of its table's column; a text read as JSON is a JSON value all the same.
  if (flavor === 'mariadb' && type === 'longtext' && row.collation === 'utf8mb4_bin') {
    return jsonChecked || view ? 'json' : type
  }
  return type
}

function columnLength(type: string, row: ColumnRow): number | undefined {
  if (WITH_LENGTH.has(type)) return Number(row.length)
  if (type === 'bit') return Number(row.digits)
  // The one display width that means something: BOOLEAN is TINYINT(1), and signed (MySQL forgets the other's width).
  if (type === 'tinyint') return row.columntype === 'tinyint(1)' ? 1 : undefined
  if (type === 'vector') return Number(/\((\d+)\)/.exec(row.columntype)?.[1])
  return undefined
}

function hasDefault(row: ColumnRow, { flavor }: ColumnContext): boolean {
  if (/\bauto_increment\b/i.test(row.extra)) return true
  // MariaDB quotes a text default, so that its bare NULL is the absence of one; MySQL says SQL's null.
  return row.defaulttext !== null && !(flavor === 'mariadb' && row.defaulttext === 'NULL')
}

/** `utf8` is utf8mb3's older name. */
function renamed(name: string | null): string | null {
  return name === null ? null : name.replace(/^utf8(?=_|$)/, 'utf8mb3')
}

/** The members of an ENUM or SET, unless a question mark may stand for a character that is not shown. */
function knownMembers(columnType: string, charset: string | null): string[] | undefined {
  const members = parseMembers(columnType)
  const doubtful = charset !== null && BEYOND_UTF8MB3.has(charset)
  return doubtful && members.some((member) => member.includes('?')) ? undefined : members
}

const ESCAPED: Readonly<Record<string, string>> = { "''": "'", '\\0': '\0', '\\n': '\n', '\\r': '\r' }

function parseMembers(columnType: string): string[] {
  return [...columnType.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map(([, member = '']) =>
    member.replace(/''|\\./gs, (pair) => ESCAPED[pair] ?? pair.slice(1)),
  )
}
