import { DATE_PRECISION_LIMIT } from '../decoding.ts'
import type { ColumnMetadata } from '../table.ts'
import { stringLiteral } from './source-text.ts'

/** How the application reads types that JavaScript has more than one answer for; as in `createDatabase`. */
export interface ColumnTypeScriptOptions {
  readonly bigint?: 'number' | 'bigint' | 'string'
  readonly tinyint1?: 'number' | 'boolean'
}

/** A column's three types as members of a union: what is read, what INSERT takes, what UPDATE takes. */
export interface ColumnTypeScript {
  readonly select: string
  readonly insert: string
  readonly update: string
}

/**
 * What a value of the column is at run time. SET is its text (`'a,b'`); a geometry is whatever the driver makes of
 * it; FLOAT in a plain query is rounded by the server.
 */
export function columnTypeScript(
  column: ColumnMetadata,
  options: ColumnTypeScriptOptions = {},
): ColumnTypeScript {
  const { select, write = select } = baseTypes(column, options)
  const orNull = column.nullable && select !== 'unknown' ? ' | null' : ''
  if (column.generated) return { select: select + orNull, insert: 'never', update: 'never' }
  return {
    select: select + orNull,
    insert: write + orNull + (column.hasDefault ? ' | undefined' : ''),
    update: write + orNull,
  }
}

interface BaseTypes {
  readonly select: string
  /** What can be written, where that is not what is read. */
  readonly write?: string
}

function baseTypes(column: ColumnMetadata, options: ColumnTypeScriptOptions): BaseTypes {
  switch (column.type) {
    case 'tinyint':
      return column.length === 1 && options.tinyint1 === 'boolean'
        ? { select: 'boolean' }
        : { select: 'number' }
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'year':
    case 'float':
    case 'double':
      return { select: 'number' }
    case 'bigint':
      return bigintTypes(options.bigint ?? 'number')
    case 'decimal':
      return { select: 'string', write: 'string | number' }
    case 'datetime':
    case 'timestamp':
      return {
        select: (column.precision ?? 0) <= DATE_PRECISION_LIMIT ? 'Date' : 'string',
        write: 'Date | string',
      }
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

function bigintTypes(as: 'number' | 'bigint' | 'string'): BaseTypes {
  return as === 'number' ? { select: as } : { select: as, write: 'bigint | number | string' }
}
