import type { ColumnMetadata } from '../metadata.ts'
import { isReadAsDate } from '../rows/row.ts'
import { stringLiteral } from './source-text.ts'

/** A column's three types as members of a union: what is read, what INSERT takes, what UPDATE takes. */
export interface ColumnTypeScript {
  readonly select: string
  readonly insert: string
  readonly update: string
}

/**
 * What a value of the column is at run time. SET is its text (`'a,b'`); JSON is parsed, its integers beyond 2^53 are
 * their digits as a string; a geometry is whatever the driver makes of it; FLOAT in a plain query is rounded by the
 * server; an ENUM is `''` where a server without strict mode took a value that is no member.
 */
export function columnTypeScript(column: ColumnMetadata): ColumnTypeScript {
  const { select, write = select } = baseTypes(column)
  const orNull = column.nullable && select !== 'unknown' ? ' | null' : ''
  const read = select + (column.zeroDates === 'null' ? ' | null' : orNull)
  if (column.generated) return { select: read, insert: 'never', update: 'never' }
  return {
    select: read,
    insert: write + orNull + (column.hasDefault ? ' | undefined' : ''),
    update: write + orNull,
  }
}

interface BaseTypes {
  readonly select: string
  /** What can be written, where that is not what is read. */
  readonly write?: string
}

function baseTypes(column: ColumnMetadata): BaseTypes {
  switch (column.type) {
    case 'tinyint':
      return { select: column.as ?? 'number' }
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'year':
    case 'float':
    case 'double':
      return { select: 'number' }
    case 'bigint':
      return column.as ? { select: column.as, write: 'bigint | number | string' } : { select: 'number' }
    case 'decimal':
      return { select: 'string', write: 'string | number' }
    case 'datetime':
    case 'timestamp':
      return { select: isReadAsDate(column) ? 'Date' : 'string', write: 'Date | string' }
    case 'enum':
      return { select: column.values?.map(stringLiteral).join(' | ') ?? 'string' }
    case 'json':
      return { select: 'JsonValue', write: 'string' }
    case 'bit':
    case 'binary':
    case 'varbinary':
    case 'tinyblob':
    case 'blob':
    case 'mediumblob':
    case 'longblob':
      return { select: 'Buffer' }
    case 'vector':
      return { select: 'number[]', write: 'Buffer' }
    case 'date':
    case 'time':
    case 'set':
    case 'char':
    case 'varchar':
    case 'tinytext':
    case 'text':
    case 'mediumtext':
    case 'longtext':
    case 'uuid':
    case 'inet4':
    case 'inet6':
      return { select: 'string' }
    default:
      return { select: 'unknown' }
  }
}
