import type { Kysely } from 'kysely'
import type { GenerateRequest } from '../codegen/command-line.ts'
import { readConstantKeys } from '../codegen/constant-keys.ts'
import type { OmittedForeignKey } from '../codegen/foreign-keys.ts'
import { generatedFile } from '../codegen/generated-file.ts'
import { generatedTables } from '../codegen/generated-tables.ts'
import { readForeignKeys } from '../schema/foreign-keys.ts'
import { readSchema, type Schema, type SchemaTable } from '../schema/read-schema.ts'
import { camelCaseMapping, defaultCamelCaseMapping, type NameMapping } from '../verification/plugins.ts'
import { CommandError } from './command.ts'
import { MIGRATION_TABLES } from './kysely-config.ts'
import { type TableFilterOptions, tableFilter } from './table-filter.ts'

/** What `generate` writes for a database. */
export interface GeneratedSource {
  readonly source: string
  /** What repositories cannot serve, and names that queries cannot use. */
  readonly notices: readonly string[]
}

export interface SourceOptions {
  readonly db: Kysely<unknown>
  readonly request: GenerateRequest
  /** Its CamelCasePlugin decides the names for `--camel-case`; `db` by default. */
  readonly naming?: Kysely<unknown>
  /** The tables of Kysely's migrator, if they have other names than its defaults. */
  readonly migrationTables?: readonly string[]
}

/** @throws CommandError if no table is selected, or two would have the same name. */
export async function generatedSource(options: SourceOptions): Promise<GeneratedSource> {
  const { db, request, naming = db, migrationTables = MIGRATION_TABLES } = options
  const { camelCase, constants: wanted = [], include = [], exclude = [], ...rest } = request
  const mapping = camelCase ? (camelCaseMapping(naming) ?? defaultCamelCaseMapping()) : undefined
  const tables = selectedTables(await readSchema(db), { include, exclude, migrationTables })
  if (mapping) refuseEqualNames(tables, mapping)
  const foreignKeys = await readForeignKeys(db)
  const described = { ...rest, foreignKeys, ...(mapping && { nameOf: mapping.toJavaScript }) }
  const constants = await readConstantKeys(db, { wanted, tables, bigint: rest.bigint ?? 'number' })
  return {
    source: generatedFile(tables, { ...described, include, exclude, constants }),
    notices: [
      ...notices(tables),
      ...generatedTables(tables, described).omitted.map(foreignKeyNotice),
      ...nameNotices(tables, mapping),
    ],
  }
}

function selectedTables(
  { database, tables }: Schema,
  patterns: Omit<TableFilterOptions, 'database'>,
): SchemaTable[] {
  const { include, exclude } = patterns
  const wanted = tableFilter({ database, ...patterns })
  const selected = tables.filter(({ metadata }) => wanted(metadata.name))
  if (selected.length > 0) return selected
  throw include.length + exclude.length > 0
    ? new CommandError(`no table of the database ${database} matches the patterns`, {
        fix: 'Give other --include-pattern or --exclude-pattern.',
      })
    : new CommandError(`the database ${database} has no tables`, {
        fix: 'Run the migrations first (npx kysely migrate:latest).',
      })
}

/** What repositories cannot serve, table by table. */
function notices(tables: readonly SchemaTable[]): string[] {
  return tables.flatMap(({ metadata: { name, columns }, unsupported, omittedIndexes }) => {
    if (unsupported) {
      const consequence = columns.length > 0 ? 'only in DB, not in tables' : 'left out'
      return [`${name}: ${consequence}: ${unsupported}`]
    }
    return omittedIndexes.map(
      (index) => `${name}: ${index.unique ? 'unique ' : ''}index ${index.name} is left out: ${index.reason}`,
    )
  })
}

function foreignKeyNotice({ table, name, reason }: OmittedForeignKey): string {
  return `${table}: foreign key ${name} is left out: ${reason}`
}

/** Refuses a mapping that gives two things one name. */
function refuseEqualNames(tables: readonly SchemaTable[], { toJavaScript }: NameMapping): void {
  const lists = [
    { where: 'tables', names: tables.map(({ metadata }) => metadata.name) },
    ...tables.map(({ metadata }) => ({
      where: `columns of ${metadata.name}`,
      names: metadata.columns.map(({ name }) => name),
    })),
  ]
  for (const { where, names } of lists) {
    for (const [name, equal] of Map.groupBy(names, toJavaScript)) {
      if (equal.length > 1) {
        throw new CommandError(`--camel-case calls the ${where} ${equal.join(' and ')} all ${name}`, {
          fix: 'Rename one of them, or generate without --camel-case.',
        })
      }
    }
  }
}

/** Names that the plugin does not map back. Repositories can read them, but other queries cannot name them. */
function nameNotices(tables: readonly SchemaTable[], mapping: NameMapping | undefined): string[] {
  if (!mapping) return []
  return tables.flatMap(({ metadata }) =>
    [metadata.name, ...metadata.columns.map(({ name }) => name)]
      .filter((name) => mapping.toDatabase(mapping.toJavaScript(name)) !== name)
      .map((name) => {
        const camel = mapping.toJavaScript(name)
        return `${metadata.name}: CamelCasePlugin reads ${name} as ${camel}, which it writes as ${mapping.toDatabase(camel)}: plain queries cannot name it with these options of the plugin`
      }),
  )
}
