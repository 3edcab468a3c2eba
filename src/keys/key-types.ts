import type { Selectable } from 'kysely'
import type { TableMetadata } from '../metadata.ts'

/** A row of table `Name` as repositories answer it: read-only, deeply. */
export type RowOf<DB, Name extends keyof DB> = {
  readonly [Column in keyof Selectable<DB[Name]>]: Shared<Selectable<DB[Name]>[Column]>
}

type Primitive = string | number | bigint | boolean | symbol | null | undefined

/** JSON is frozen with its row; a Date or bytes are the reader's own copy, which may be altered. */
type Shared<Value> = Value extends Primitive | Date | Uint8Array
  ? Value
  : Value extends readonly (infer Member)[]
    ? SharedArray<Value, Member>
    : Value extends object
      ? SharedParts<Value>
      : Value

/** A mapped type keeps tuples tuples, but would expand the arrays of a recursive type without end. */
type SharedArray<Value extends readonly unknown[], Member> = number extends Value['length']
  ? readonly Shared<Member>[]
  : SharedParts<Value>

type SharedParts<Value> = { readonly [Part in keyof Value]: Shared<Value[Part]> }

/** What a column of this type may be asked for by: wider than what a row holds where that is exact. */
export type KeyValue<Value> = Value extends number | bigint
  ? number | bigint
  : Value extends Date
    ? Date | string
    : Value extends Uint8Array
      ? Uint8Array
      : Value

type UniqueColumns<Table extends TableMetadata> = Table['primaryKey'] | Table['uniqueKeys'][number]['columns']

/** An object with exactly the columns `Wanted`: other key columns are excluded, for an object with two keys is neither. */
type KeyObject<Row, Wanted extends PropertyKey, Other extends PropertyKey> = {
  readonly [Column in Wanted]: Column extends keyof Row ? KeyValue<NonNullable<Row[Column]>> : never
} & { readonly [Column in Exclude<Other, Wanted>]?: never }

type KeyObjects<Row, Columns, All extends PropertyKey> = Columns extends readonly (infer Column extends
  string)[]
  ? KeyObject<Row, Column, All>
  : never

type ScalarKey<Row, Columns> = Columns extends readonly [infer Column extends keyof Row]
  ? KeyValue<NonNullable<Row[Column]>>
  : never

/** What `findByKey` takes: the value of a one-column primary key, or an object of exactly one unique key's columns. */
export type KeyOf<Row, Table extends TableMetadata> =
  | ScalarKey<Row, Table['primaryKey']>
  | KeyObjects<Row, UniqueColumns<Table>, UniqueColumns<Table>[number]>

type IndexColumns<Table extends TableMetadata> = UniqueColumns<Table> | Table['indexes'][number]['columns']

/** Every leading part of an index, longest first. */
type LeadingParts<Columns> = Columns extends readonly [...infer Rest extends readonly string[], string]
  ? Columns | LeadingParts<Rest>
  : never

/** What `findAllBy` takes: an object of exactly the leading columns of an index. */
export type PrefixOf<Row, Table extends TableMetadata> = KeyObjects<
  Row,
  LeadingParts<IndexColumns<Table>>,
  IndexColumns<Table>[number]
>

/** By column, the union of the keys that a table had when it was generated; empty where constants were not asked for. */
type KnownKeys<Table> = Table extends { readonly constants: infer Constants }
  ? { readonly [Column in keyof Constants]: Constants[Column][keyof Constants[Column]] }
  : Record<never, never>

type Scalar = string | number | bigint

/** `'FR'`, and not `string` or a pattern of strings: what a value of the type is, the compiler knows. */
type IsLiteral<Value extends Scalar> = Value extends bigint
  ? bigint extends Value
    ? false
    : true
  : Value extends string | number
    ? Record<never, never> extends Record<Value, 1>
      ? false
      : true
    : false

/** Whether a value is surely one of the keys, surely none of them, or not known. `1` and `1n` are the same key. */
type Knowledge<Value, Known> = Value extends Scalar
  ? IsLiteral<Value> extends true
    ? `${Value}` extends `${Known & Scalar}`
      ? 'present'
      : 'absent'
    : 'unknown'
  : 'unknown'

type PrimaryColumn<Table> = Table extends { readonly primaryKey: readonly [infer Column] } ? Column : never

type Member<Record, Name> = Name extends keyof Record ? Record[Name] : never

type CheckedValue<Value, Known> = [Known] extends [never]
  ? Value
  : Knowledge<Value, Known> extends 'absent'
    ? Known
    : Value

/** A key as it was given, or the keys that there are in place of a literal that is none of them. */
export type CheckedKey<Given, Table extends TableMetadata> = Given extends Scalar
  ? CheckedValue<Given, Member<KnownKeys<Table>, PrimaryColumn<Table>>>
  : Given extends Date | Uint8Array
    ? Given
    : CheckedColumns<Given, Table>

/**
 * The same for objects only. Of a parameter of type `Given & CheckedColumns<Given>` the compiler takes an object's values for the
 * literals that they are.
 */
export type CheckedColumns<Given, Table extends TableMetadata> = Given extends Scalar
  ? never
  : {
      readonly [Column in keyof Given]: Column extends UniqueColumns<Table>[number]
        ? CheckedValue<Given[Column], Member<KnownKeys<Table>, Column>>
        : never
    }

/** `undefined`, unless the key is surely one of the constants. */
export type Doubt<Given, Table extends TableMetadata> = Given extends Scalar
  ? DoubtOf<Given, Member<KnownKeys<Table>, PrimaryColumn<Table>>>
  : Given extends object
    ? DoubtOf<Member<Given, OnlyMember<Given>>, Member<KnownKeys<Table>, OnlyMember<Given>>>
    : undefined

type DoubtOf<Value, Known> = [Known] extends [never]
  ? undefined
  : Knowledge<Value, Known> extends 'present'
    ? never
    : undefined

/** The name of an object's one member; never where it has several. */
type OnlyMember<Given, Name extends keyof Given = keyof Given> = Name extends unknown
  ? [keyof Given] extends [Name]
    ? Name
    : never
  : never
