import type { Kysely } from 'kysely'
import { guardedTables } from '../check/cached-tables.ts'
import type { CachedTable, CheckTarget } from '../check/check-target.ts'
import type { Skipped } from '../check/finding.ts'
import type { TablesMetadata } from '../metadata.ts'
import { type Assembly, assemblyOf } from '../repositories/assembly.ts'
import { DEFAULT_MAX_ROWS } from '../repositories/resolved-options.ts'
import type { CheckOptions } from './check-options.ts'
import { CommandError, UsageError } from './command.ts'
import { loadUserModule } from './user-module.ts'

/** Loads the `Repositories` that a module exports. */
export async function loadRepositories({
  given,
  timeout,
}: {
  readonly given: string
  readonly timeout: number
}): Promise<Assembly> {
  const [, file = given, name] = /^(.*)#([^#/\\]+)$/.exec(given) ?? []
  const module = await loadUserModule({ file, timeout })
  const found = Object.entries(module).flatMap(([exported, value]) => {
    const assembly = assemblyOf(value)
    return assembly ? [{ exported, value, assembly }] : []
  })
  // One object may be exported by name and as the default.
  const different = new Set(found.map(({ value }) => value))
  const chosen =
    name === undefined && different.size === 1 ? found[0] : found.find(({ exported }) => exported === name)
  if (chosen) return chosen.assembly
  const names = found.map(({ exported }) => exported).join(', ')
  throw new CommandError(
    found.length === 0
      ? `${file} exports nothing that createRepositories made. Export it: export const repos = createRepositories({ … }).`
      : name === undefined
        ? `${file} exports several repositories (${names}). Say which: --repositories ${file}#${found[0]!.exported}.`
        : `${file} exports no repositories as ${name}. It has ${names}.`,
  )
}

/** The service that repositories belong to. */
export function serviceOf({ db, tables, settings }: Assembly, owner: Kysely<unknown>): CheckTarget {
  const cached = Object.entries(tables).flatMap(([name, table]): [string, CachedTable][] => {
    const cache = settings.cacheOf(name)
    return cache ? [[table.name, cache]] : []
  })
  return {
    owner,
    service: db,
    serviceKnown: true,
    tables: Object.values(tables),
    cached: new Map(cached),
    statementForm: settings.statementForm,
  }
}

/** The service as a generated file, the flags and the database describe it. */
export async function assumedService(
  { outFile, modes, timeout }: Pick<CheckOptions, 'outFile' | 'modes' | 'timeout'>,
  owner: Kysely<unknown>,
): Promise<{ readonly target: CheckTarget; readonly skipped: readonly Skipped[] }> {
  const { tables } = (await loadUserModule({ file: outFile, timeout })) as {
    readonly tables?: TablesMetadata
  }
  if (typeof tables !== 'object')
    throw new CommandError(`${outFile} exports no tables. Run kysely-lookup generate.`)
  const service = { owner, service: owner, serviceKnown: false, tables: Object.values(tables) }
  if (!modes) {
    const reason = 'which tables are cached is only known by --repositories, or --immutable and --versioned'
    const cached = await guardedTables(owner, service.tables)
    return {
      target: { ...service, cached },
      skipped: [{ what: 'cached tables without any trigger', reason }],
    }
  }
  const cached = [...modes].map(([name, mode]): [string, CachedTable] => {
    if (!Object.hasOwn(tables, name))
      throw new UsageError(`${outFile} has no table ${name} with a primary key`)
    return [tables[name]!.name, { mode, maxRows: DEFAULT_MAX_ROWS }]
  })
  return { target: { ...service, cached: new Map(cached) }, skipped: [] }
}
