import { type Kysely, sql } from 'kysely'
import { ER_KEY_DOES_NOT_EXIST, errorNumber } from '../database/server-errors.ts'
import { readFeatures } from '../database/server-features.ts'
import type { Statement } from '../database/statement.ts'
import { type KeyDefinition, tableKeys } from '../keys/key.ts'
import { keyStatement, loneStatement, unionStatement } from '../loading/lookup-sql.ts'
import type { TableMetadata } from '../metadata.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import type { CheckTarget } from './check-target.ts'
import type { Finding, Report } from './finding.ts'
import { deniedRight, isGone, messageOf } from './server-error.ts'

/** A line of EXPLAIN; `ref` names what each used column of the index is compared with. */
interface PlanLine {
  readonly table: string | null
  readonly type: string | null
  readonly key: string | null
  readonly ref: string | null
  readonly Extra: string | null
}

interface Lookup {
  readonly table: TableMetadata
  readonly definition: KeyDefinition
  readonly many: boolean
}

/**
 * Checks that each key, and each leading part of an index, is read through its index, by the server's own plan for the exact
 * statement that repositories send.
 */
export async function checkPlans(target: CheckTarget): Promise<Report> {
  const { service, tables, cached } = target
  const { form, system } = await readFeatures(service, target.statementForm)
  // MySQL may return a tree unless asked for the traditional format, which MariaDB does not know by name.
  const explain = system === 'mariadb' ? 'explain' : 'explain format = traditional'
  // If they cannot be read, another check reports it.
  const versions = await canRead(service, VERSION_TABLE)
  const findings: Finding[] = []
  for (const table of tables) {
    const keys = tableKeys(table)
    const lookups = [
      ...keys.definitions.map((definition) => ({ definition, many: false })),
      ...keys.prefixes().map((definition) => ({ definition, many: true })),
    ]
    const versioned = versions && cached.get(table.name)?.mode === 'versioned'
    for (const { definition, many } of lookups) {
      const options = {
        table,
        definition,
        many,
        versioned,
        distinguished: keys.identities.distinguished(true),
      }
      const statements = [
        form === 'json_table' ? keyStatement(options) : unionStatement({ ...options, keys: 2 }),
        ...(many ? [] : [loneStatement(options)]),
      ]
      const lookup = { table, definition, many }
      try {
        for (const statement of statements) {
          const lines = statement && (await readPlan(service, { explain, statement }))
          const fault = lines && faultIn(lines, definition)
          if (!fault) continue
          findings.push(unserved(lookup, fault))
          break
        }
      } catch (error) {
        findings.push(refused(lookup, error))
        // If one statement is denied, or its table is gone, so are the table's others.
        if (errorNumber(error) !== ER_KEY_DOES_NOT_EXIST) break
      }
    }
  }
  return { findings }
}

async function canRead(db: Kysely<unknown>, table: string): Promise<boolean> {
  try {
    await sql`select 1 from ${sql.id(table)} limit 0`.execute(db.withoutPlugins())
    return true
  } catch (error) {
    if (deniedRight(error) || isGone(error)) return false
    throw error
  }
}

/** Without parameters: drivers would look for question marks in names too. */
async function readPlan(
  db: Kysely<unknown>,
  { explain, statement: { sql: text } }: { readonly explain: string; readonly statement: Statement },
): Promise<readonly PlanLine[]> {
  const complete = text.replaceAll(/(json_table\(|convert\()\?/g, `$1'["1", "2"]'`)
  const { rows } = await sql.raw<PlanLine>(`${explain} ${complete}`).execute(db.withoutPlugins())
  return rows
}

/** How the table is read, if not by all columns of the key in its index. */
function faultIn(lines: readonly PlanLine[], { index, parts }: KeyDefinition): string | undefined {
  for (const { table, type, key, ref, Extra } of lines) {
    // For a single key without a row, the server looks into the index before it makes a plan.
    if (table !== 't' || /no matching row|impossible/i.test(Extra ?? '')) continue
    // An engine that counts its rows, such as MyISAM, reads a table of one or none before there is a plan.
    if (type === 'system') continue
    if (key !== index) return key === null ? 'every row is read' : `index ${key} is read`
    if (type !== 'eq_ref' && type !== 'ref' && type !== 'const') return `the whole index ${key} is read`
    const used = ref?.split(',').length ?? 0
    if (used < parts.length) return `of index ${key} only ${used} of ${parts.length} columns are used`
  }
  return undefined
}

function unserved({ table, definition, many }: Lookup, fault: string): Finding {
  const columns = definition.parts.map(({ name }) => name).join(', ')
  return {
    code: 'unserved-key',
    table: table.name,
    message: `${many ? 'findAllBy' : 'findByKey'}({ ${columns} }) is not served by its index: ${fault}`,
    fix: `Give the table an index that can be searched (a B-tree) and begins with (${columns}), in a migration, then run kysely-lookup generate.`,
  }
}

function refused(lookup: Lookup, error: unknown): Finding {
  const { table, definition } = lookup
  const number = errorNumber(error)
  if (number === ER_KEY_DOES_NOT_EXIST) return unserved(lookup, `there is no index ${definition.index}`)
  const denied = deniedRight(error)
  if (denied) return { ...denied, table: table.name }
  if (isGone(error)) {
    return {
      code: 'stale-table',
      table: table.name,
      message: `the server refuses its statements: ${messageOf(error)}`,
      fix: 'Run kysely-lookup generate, and migrate if the database is behind.',
    }
  }
  throw error
}
