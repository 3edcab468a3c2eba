import type { ConstantKey, TableMetadata } from '../metadata.ts'
import type { UniqueColumns } from './key-parts.ts'

/**
 * For each column, the union of the keys that the table had when the file was generated. Empty without `--constants`.
 *
 * @example
 * ```ts
 * type Codes = ConstantKeys<{ constants: { code: { DE: 'DE'; FR: 'FR' } } }>['code'] // 'DE' | 'FR'
 * ```
 */
export type ConstantKeys<Table> = Table extends { readonly constants: infer Constants }
  ? { readonly [Column in keyof Constants]: Constants[Column][keyof Constants[Column]] }
  : Record<never, never>

/**
 * `true` for a type with one value, such as `'FR'`; `false` for `string`, or a pattern of strings.
 *
 * @example
 * ```ts
 * type Yes = IsLiteral<'FR'> // true
 * type No = IsLiteral<string> // false
 * ```
 */
export type IsLiteral<Value extends ConstantKey> = Value extends bigint
  ? bigint extends Value
    ? false
    : true
  : Value extends string | number
    ? Record<never, never> extends Record<Value, 1>
      ? false
      : true
    : false

/**
 * Whether a value is certainly one of the keys (`'present'`), certainly none of them (`'absent'`), or `'unknown'`.
 * `1` and `1n` are the same key.
 *
 * @example
 * ```ts
 * type France = Presence<'FR', 'DE' | 'FR'> // 'present'
 * type Any = Presence<string, 'DE' | 'FR'> // 'unknown'
 * ```
 */
export type Presence<Value, Keys> = Value extends ConstantKey
  ? IsLiteral<Value> extends true
    ? `${Value}` extends `${Keys & ConstantKey}`
      ? 'present'
      : 'absent'
    : 'unknown'
  : 'unknown'

/**
 * The column of a one-column primary key.
 *
 * @example
 * ```ts
 * type Column = PrimaryColumn<typeof tables.country> // 'code'
 * ```
 */
export type PrimaryColumn<Table> = Table extends { readonly primaryKey: readonly [infer Column] }
  ? Column
  : never

/**
 * The type of a member; `never` if there is none of this name.
 *
 * @example
 * ```ts
 * type Name = MemberOf<{ name: string }, 'name'> // string
 * ```
 */
export type MemberOf<Value, Name> = Name extends keyof Value ? Value[Name] : never

/**
 * A value as it was given, or, for a literal that is none of the keys, the keys that exist.
 *
 * @example
 * ```ts
 * type Right = CheckedValue<'FR', 'DE' | 'FR'> // 'FR'
 * type Wrong = CheckedValue<'XX', 'DE' | 'FR'> // 'DE' | 'FR'
 * ```
 */
export type CheckedValue<Value, Keys> = [Keys] extends [never]
  ? Value
  : Presence<Value, Keys> extends 'absent'
    ? Keys
    : Value

/**
 * A key as it was given, or, for a literal that is none of the constants, the keys that exist.
 *
 * @example
 * ```ts
 * type Wrong = CheckedKey<'XX', typeof tables.country> // 'DE' | 'FR' | …: 'XX' does not compile
 * ```
 */
export type CheckedKey<Given, Table extends TableMetadata> = Given extends ConstantKey
  ? CheckedValue<Given, MemberOf<ConstantKeys<Table>, PrimaryColumn<Table>>>
  : Given extends Date | Uint8Array
    ? Given
    : CheckedColumns<Given, Table>

/**
 * {@link CheckedKey} for objects only. The compiler reads an object's values as literals only for a parameter of the type
 * `Given & CheckedColumns<Given>`.
 *
 * @example
 * ```ts
 * type Right = CheckedColumns<{ code: 'FR' }, typeof tables.country> // { readonly code: 'FR' }
 * ```
 */
export type CheckedColumns<Given, Table extends TableMetadata> = Given extends ConstantKey
  ? never
  : {
      readonly [Column in keyof Given]: Column extends UniqueColumns<Table>[number]
        ? CheckedValue<Given[Column], MemberOf<ConstantKeys<Table>, Column>>
        : never
    }

/**
 * `undefined`, unless the key is certainly one of the constants: then `never`.
 *
 * @example
 * ```ts
 * type None = AbsenceOf<'FR', typeof tables.country> // never
 * type Some = AbsenceOf<string, typeof tables.country> // undefined
 * ```
 */
export type AbsenceOf<Given, Table extends TableMetadata> = Given extends ConstantKey
  ? AbsenceOfValue<Given, MemberOf<ConstantKeys<Table>, PrimaryColumn<Table>>>
  : Given extends object
    ? AbsenceOfValue<MemberOf<Given, OnlyMember<Given>>, MemberOf<ConstantKeys<Table>, OnlyMember<Given>>>
    : undefined

/**
 * {@link AbsenceOf} for a value of one column.
 *
 * @example
 * ```ts
 * type None = AbsenceOfValue<'FR', 'DE' | 'FR'> // never
 * ```
 */
export type AbsenceOfValue<Value, Keys> = [Keys] extends [never]
  ? undefined
  : Presence<Value, Keys> extends 'present'
    ? never
    : undefined

/**
 * The name of an object's only member; `never` if it has several.
 *
 * @example
 * ```ts
 * type Column = OnlyMember<{ code: string }> // 'code'
 * ```
 */
export type OnlyMember<Given, Name extends keyof Given = keyof Given> = Name extends unknown
  ? [keyof Given] extends [Name]
    ? Name
    : never
  : never
