import type { ColumnMetadata, ConstantKey } from '../metadata.ts'
import type { DecodingOption, DecodingOptions } from './decoding-options.ts'

/** Everything that is known of one column type. `column-types.ts` collects those of each family's file. */
export interface ColumnType {
  /** The server's name, which is that of the metadata too. */
  readonly name: string
  /** Whether a column is of this type, where the server calls it by another name. */
  recognizes?(column: SchemaColumn): boolean
  /** What the metadata says of a column besides its name and type. */
  traits?(column: SchemaColumn): ColumnTraits
  /** The option that decides how its values are read. */
  option?(column: ColumnMetadata): DecodingOption | undefined
  typeScript(column: ColumnMetadata): TypeScript
  /** Names that its TypeScript mentions, so that no table's interface takes them; with their declaration where they are not global. */
  readonly typeNames?: Readonly<Record<string, string | undefined>>
  /** How a result's values are decoded; absent where the driver's are right already. */
  readonly decoding?: Decoding
  /**
   * How a sorted result reads `name` (already quoted): it passes a temporary table, which may change values that only some modes
   * of the server allow. Absent where that cannot show.
   */
  sorted?(column: ColumnMetadata, name: string): string | undefined
  /** How a shared row hands out values that cannot be frozen. */
  readonly copied?: CopiedForm
  /**
   * Whether a column that was generated as `from`, of this type, may be `to` now: every value that it had reads as before and is found by
   * the same keys. Absent where no change is like that.
   */
  grew?(from: ColumnMetadata, to: ColumnMetadata, options: GrowthOptions): boolean
  /** How its columns take part in keys, or why they cannot. */
  readonly key: ((column: ColumnMetadata) => KeyForm) | string
  /** The constant for a key that the server writes as `text`; absent where there are no constants of the type. */
  constantKey?(text: string, options: DecodingOptions): ConstantKey
}

export interface GrowthOptions {
  /** Whether the column is part of an index. */
  readonly indexed: boolean
}

/** What a server says of a column's type in `information_schema`. */
export interface SchemaColumn {
  readonly system: 'mysql' | 'mariadb'
  /** In lower case. */
  readonly datatype: string
  readonly columntype: string
  readonly length: number | null
  readonly digits: number | null
  readonly scale: number | null
  readonly fraction: number | null
  readonly charset: string | null
  readonly collation: string | null
  /** MariaDB: a text that the driver parses as JSON. */
  readonly json: boolean
}

/** In this order, so that generated files are stable. */
export type ColumnTraits = Pick<
  ColumnMetadata,
  'unsigned' | 'length' | 'precision' | 'scale' | 'charset' | 'collation' | 'values'
>

/** What a value is at run time, and what INSERT and UPDATE take where that is more or less. */
export interface TypeScript {
  readonly select: string
  readonly write?: string
  /** Whether a value may be read as null though the column is NOT NULL. */
  readonly orNull?: boolean
  /** Literals whose union is the type in place of `select`. */
  readonly literals?: readonly string[] | undefined
}

/** What decoding needs of mysql2's column definitions. */
export interface DriverField {
  readonly name: string
  /** The column's own name, and its table's; empty where the value is an expression's. */
  readonly orgName?: string
  readonly orgTable?: string
  columnType?: number
  readonly columnLength?: number
  readonly decimals?: number
  readonly flags?: number
  characterSet?: number
  encoding?: string
  /** MariaDB: `json` where the driver parses a text. */
  extendedFormat?: string
}

/** What messages call a result column: its own name, and the name in the result where that is another. */
export function fieldName({ name, orgName, orgTable }: DriverField): string {
  if (!orgName) return name
  const own = orgTable ? `${orgTable}.${orgName}` : orgName
  return name === orgName ? own : `${own} (selected as ${name})`
}

export type Decoder = (value: unknown) => unknown

export interface Decoding {
  /** The type's code in the client/server protocol. */
  readonly code: number
  /** The decoder of one result column; undefined where the driver's value is right. */
  decoder?(field: DriverField, options: DecodingOptions): Decoder | undefined
  /** In the text protocol: decodes the server's own text, where the driver's parser is not exact. */
  readonly fromText?: Decoder
}

/** The row keeps a payload that nobody can reach, and each reader gets a value made from it. */
export interface CopiedForm<Payload = unknown> {
  /** Undefined where the value is not of this form. */
  keep(value: object): Payload | undefined
  copy(payload: Payload): unknown
}

/**
 * How one column takes part in a key: how its values travel in the JSON parameter, and how the server turns them
 * into the column's type. A plausible declaration (the column's own width, charset or type) answers wrong rows, so
 * each form was measured on MariaDB and MySQL.
 */
export interface KeyForm {
  /** What a value must be, for messages: "a string". */
  readonly expected: string
  /** The type in `json_table(… columns (…))`. */
  readonly declaration: string
  /**
   * The `typeof` of values that are their own token, so that a cache can be asked without encoding them: what they are
   * encoded to says the same value.
   */
  readonly rawType?: 'string' | 'number'
  /** The SQL condition that holds when `column` (already quoted) has the value of `input`; equality by default. */
  readonly condition?: (column: string, input: string) => string
  /** What tells values apart that are read as one; absent where each is read as a value of its own. */
  readonly ambiguity?: Ambiguity | undefined
  readonly encode: (value: unknown) => EncodedValue
}

/**
 * A key's value as JSON text, equal for values that are the same to the server; `null` where it is a value that no row can have,
 * `undefined` where it is none of the column.
 */
export type EncodedValue = string | null | undefined

/** Different values of a column that are read as one, such as a TINYINT's 1 and 2 as `true`. */
export interface Ambiguity {
  /** Whether a value that was read may be one of several. */
  isAmbiguous(value: unknown): boolean
  /**
   * In SQL, a text that tells the value of `column` (already quoted) from others that are read alike. It is NULL where the value is
   * the one that a key means which is equal to what is read.
   */
  distinction(column: string): string
  /** Whether such values are so rare that statements do without the distinction until one is met. */
  readonly rare?: true
}

/** A key form with its column. */
export interface KeyColumn extends KeyForm {
  readonly name: string
  readonly condition: (column: string, input: string) => string
}
