/* Checked by `npm run check` (tsc); never run. */
import { expectTypeOf } from 'expect-type'
import type { ColumnType, Generated, Kysely, Selectable } from 'kysely'
import { createRepositories, type RowOf, type TablesMetadata } from '../../src/index.ts'

// As `kysely-lookup generate` writes it.
type JsonValue =
  | boolean
  | number
  | string
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }

// As kysely-codegen writes it.
type LooseJson = string | number | boolean | null | LooseJson[] | { [key: string]: LooseJson | undefined }

type PlanId = number & { readonly __brand: 'PlanId' }

interface Limits {
  seats: number
  regions: { code: string; zones: string[] }[]
  span: [from: number, to: number]
  note?: { text: string }
}

interface DB {
  plan: {
    id: PlanId
    label: Generated<string>
    kind: 'free' | 'paid' | null
    starts: ColumnType<Date, Date | string>
    ends: Date | null
    token: Buffer
    vector: ColumnType<number[], Buffer>
    limits: ColumnType<Limits, string>
    json: ColumnType<JsonValue, string>
    loose: ColumnType<LooseJson, string>
    shape: unknown
    big: bigint
  }
}

const tables = {
  plan: {
    name: 'plan',
    columns: [],
    primaryKey: ['id'],
    uniqueKeys: [{ name: 'plan_token', columns: ['token'] }],
    indexes: [{ name: 'plan_kind', columns: ['kind'] }],
  },
} as const satisfies TablesMetadata

declare const db: Kysely<DB>
declare const id: PlanId
const repos = createRepositories({ db, tables, cache: { plan: 'versioned' } })

type Plan = RowOf<DB, 'plan'>

const row = await repos.plan.findByKeyOrThrow(id)
expectTypeOf(row).toEqualTypeOf<Plan>()

// Scalars are as they were, brands included.
expectTypeOf(row.id).toEqualTypeOf<PlanId>()
expectTypeOf(row.label).toEqualTypeOf<string>()
expectTypeOf(row.kind).toEqualTypeOf<'free' | 'paid' | null>()
expectTypeOf(row.big).toEqualTypeOf<bigint>()
expectTypeOf(row.shape).toEqualTypeOf<unknown>()

// Dates and bytes are copies, made at each access: what takes a Date or a Buffer takes them.
expectTypeOf(row.starts).toEqualTypeOf<Date>()
expectTypeOf(row.ends).toEqualTypeOf<Date | null>()
expectTypeOf(row.token).toEqualTypeOf<Buffer>()

// JSON is read-only at every depth.
expectTypeOf(row.vector).toEqualTypeOf<readonly number[]>()
expectTypeOf(row.limits.regions).toEqualTypeOf<
  readonly { readonly code: string; readonly zones: readonly string[] }[]
>()
expectTypeOf(row.limits.span).toEqualTypeOf<readonly [from: number, to: number]>()
expectTypeOf(row.limits.note).toEqualTypeOf<{ readonly text: string } | undefined>()
declare const json: JsonValue
declare const loose: LooseJson
expectTypeOf(row.json).toEqualTypeOf<JsonValue>()
row.json satisfies JsonValue
json satisfies Plan['json']
loose satisfies Plan['loose']
// @ts-expect-error what was generated with arrays that can be altered
row.loose satisfies LooseJson

// @ts-expect-error a column
row.label = 'x'
// @ts-expect-error a date column: its Date can be altered, the row cannot
row.starts = new Date()
// @ts-expect-error a column
delete row.ends
// @ts-expect-error a member of a vector
row.vector[0] = 1
// @ts-expect-error an array in JSON
row.limits.regions.push({ code: 'x', zones: [] })
// @ts-expect-error an object in an array in JSON
row.limits.regions[0].code = 'x'
// @ts-expect-error an array in an object in an array in JSON
row.limits.regions[0]?.zones.sort()
// @ts-expect-error a tuple
row.limits.span[0] = 1
// @ts-expect-error an optional object
row.limits.note = undefined

// Every way to a row.
expectTypeOf(repos.plan.findByKey(id)).resolves.toEqualTypeOf<Plan | undefined>()
expectTypeOf(repos.plan.findByKeys([id])).resolves.items.toEqualTypeOf<Plan | undefined>()
expectTypeOf(repos.plan.peek(id)).toEqualTypeOf<Plan | undefined>()
expectTypeOf(repos.plan.findAllBy({ kind: 'free' })).resolves.toEqualTypeOf<readonly Plan[]>()
expectTypeOf(repos.plan.all()).resolves.toEqualTypeOf<readonly Plan[]>()
const list = await repos.plan.findAllBy({ kind: 'free' })
// @ts-expect-error a list of rows
list.push(row)
// @ts-expect-error a list of rows
list.sort()
// @ts-expect-error a list of rows
list[0] = row
// @ts-expect-error a row in a list
list[0].label = 'x'

// What a plain Kysely query answers can be primed, what a repository answers can be passed on.
declare const selected: Selectable<DB['plan']>
repos.plan.prime(selected)
repos.plan.prime(row)
repos.plan.findByKey({ token: row.token })
repos.plan.findByKey(row.id)
