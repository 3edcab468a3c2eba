import { ConfigurationError } from '../errors.ts'
import type { Row } from '../rows/row.ts'
import type { TableScope } from '../scope/table-scope.ts'
import type { RepositoryParts } from './repository-parts.ts'

/** Reads a table into the process-wide cache, and resolves to the number of its rows. */
export async function preloadTable({ table, ...parts }: RepositoryParts): Promise<number> {
  const { reader, cache } = parts.process ?? parts
  if (!cache) {
    throw new ConfigurationError({
      kind: 'option',
      problem: `${table.name}.preload(): the table is remembered per request only`,
      fix: `Give it a mode: createRepositories({ cache: { ${JSON.stringify(table.name)}: 'immutable' } }).`,
    })
  }
  const entries = await reader.preload()
  if (entries) return entries.length
  throw tooLarge(`${table.name}.preload()`, cache, 'do without preload')
}

/** Resolves to every row, in primary-key order, as one statement read them. */
export async function readWholeTable(
  { table, reader, ...parts }: RepositoryParts,
  scope: TableScope | undefined,
): Promise<readonly Row[]> {
  const { cache } = parts.process ?? parts
  if (!cache || cache.mode === 'immutable') {
    throw new ConfigurationError({
      kind: 'option',
      problem: `${table.name}.all(): only a versioned or expiring table has it, because an immutable one does not tell when a row is added`,
      fix: `Set createRepositories({ cache: { ${JSON.stringify(table.name)}: 'versioned' } }), or use a Kysely query.`,
    })
  }
  const rows = await reader.all(scope)
  if (rows) return rows
  throw tooLarge(`${table.name}.all()`, cache, 'use a Kysely query')
}

function tooLarge(
  call: string,
  { maxRows }: { readonly maxRows: number },
  instead: string,
): ConfigurationError {
  return new ConfigurationError({
    kind: 'option',
    problem: `${call}: the table has more than maxRows = ${maxRows} rows`,
    fix: `Raise maxRows in createRepositories({ cache }), or ${instead}.`,
  })
}
