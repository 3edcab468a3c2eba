import { CamelCasePlugin, type Kysely, type KyselyPlugin } from 'kysely'
import { refuseSchema } from '../database/with-schema.ts'
import { ConfigurationError } from '../errors.ts'
import type { TablesMetadata } from '../metadata.ts'

/** How a CamelCasePlugin, with its options or overrides, maps names. */
export interface NameMapping {
  toJavaScript(databaseName: string): string
  toDatabase(name: string): string
}

/** The mapping of the CamelCasePlugin that a Kysely instance has, if it has one. */
export function camelCaseMapping(db: Kysely<unknown>): NameMapping | undefined {
  const plugin = db.getExecutor().plugins.findLast(isCamelCasePlugin)
  return plugin && mappingOf(plugin)
}

/** Kysely's own mapping, with `new CamelCasePlugin()`. */
export function defaultCamelCaseMapping(): NameMapping {
  return mappingOf(new CamelCasePlugin())
}

/** By name too: the application may have a Kysely of its own beside ours. */
function isCamelCasePlugin(plugin: KyselyPlugin): boolean {
  return plugin instanceof CamelCasePlugin || plugin.constructor.name === 'CamelCasePlugin'
}

/** The plugin's own methods, which a subclass may override; it hides them from others in its types only. */
function mappingOf(plugin: KyselyPlugin): NameMapping {
  const mapper = plugin as unknown as { camelCase(name: string): string; snakeCase(name: string): string }
  return {
    toJavaScript: (name) => mapper.camelCase(name),
    toDatabase: (name) => mapper.snakeCase(name),
  }
}

/**
 * Lookups do not pass through plugins: their statement is a text that no plugin could transform. So a CamelCasePlugin must
 * map names as the generated file does, and any other plugin must be named in `allowed` by its class.
 *
 * @throws ConfigurationError that holds the fix.
 */
export function checkPlugins(
  db: Kysely<unknown>,
  tables: TablesMetadata,
  allowed: readonly string[] = [],
): void {
  refuseSchema(db, 'createRepositories')
  for (const plugin of db.getExecutor().plugins) {
    const { name } = plugin.constructor
    if (!isCamelCasePlugin(plugin) && !allowed.includes(name)) {
      throw new ConfigurationError({
        kind: 'plugin',
        problem: `The Kysely instance has the plugin ${name}, and lookups do not pass through plugins: what it adds to queries (a tenant's or a soft-delete condition) or makes of results would be missing`,
        fix: `Give createRepositories an instance without it, or, where that does no harm, allowPlugins: ['${name}'].`,
      })
    }
  }
  checkNames(tables, camelCaseMapping(db))
}

function checkNames(tables: TablesMetadata, mapping: NameMapping | undefined): void {
  const inQueries = mapping?.toJavaScript ?? ((name: string) => name)
  for (const [name, table] of Object.entries(tables)) {
    checkName({ what: 'table', databaseName: table.name, name, wanted: inQueries(table.name), mapping })
    for (const column of table.columns) {
      const databaseName = column.columnName ?? column.name
      const wanted = inQueries(databaseName)
      checkName({ what: `column ${table.name}`, databaseName, name: column.name, wanted, mapping })
    }
  }
}

interface CheckedName {
  readonly what: string
  readonly databaseName: string
  /** As generated. */
  readonly name: string
  /** As queries on the Kysely instance have it. */
  readonly wanted: string
  readonly mapping: NameMapping | undefined
}

function checkName({ what, databaseName, name, wanted, mapping }: CheckedName): void {
  if (name === wanted) return
  const full = what === 'table' ? `table ${databaseName}` : `${what}.${databaseName}`
  const generated = `The generated file calls ${full} ${name}`
  if (!mapping) {
    throw new ConfigurationError({
      kind: 'plugin',
      problem: `${generated}, and the Kysely instance has no CamelCasePlugin`,
      fix: 'Give it one (createDatabase({ plugins: [new CamelCasePlugin()] })), or run kysely-lookup generate without --camel-case.',
    })
  }
  throw new ConfigurationError({
    kind: 'plugin',
    problem: `${generated}, and the Kysely instance's CamelCasePlugin calls it ${wanted}`,
    fix: 'Run kysely-lookup generate --camel-case with a kysely.config.ts whose instance has the same plugin, or take the plugin away.',
  })
}
