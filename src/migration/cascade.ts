import type { QueryExecutorProvider } from 'kysely'
import { inCurrentDatabase } from '../database/current-database.ts'
import { run } from './server-statement.ts'

/** A foreign key by which a change of `parent` changes rows of `child` without firing the triggers of `child`. */
export interface CascadingKey {
  readonly name: string
  readonly child: string
  readonly parent: string
  /** The parent's database, if it is not the child's. */
  readonly parentDatabase?: string
  readonly onUpdate: Rule
  readonly onDelete: Rule
}

type Rule = 'cascade' | 'set null' | 'none'

/** A change of a table that changes another table by cascades. */
export interface CascadeSource {
  readonly table: string
  readonly event: 'update' | 'delete'
  /** The foreign key it cascades through, or the first of several. */
  readonly key: CascadingKey
}

/** The current database's foreign keys that cascade. */
export async function readCascadingKeys(db: QueryExecutorProvider): Promise<readonly CascadingKey[]> {
  const rows = await run<Record<'name' | 'child' | 'parent' | 'elsewhere' | 'onupdate' | 'ondelete', string>>(
    db,
    `select constraint_name as name, table_name as child, referenced_table_name as parent,
      if(${inCurrentDatabase('unique_constraint_schema')}, '', unique_constraint_schema) as elsewhere,
      update_rule as onupdate, delete_rule as ondelete
      from information_schema.referential_constraints where ${inCurrentDatabase('constraint_schema')}
      and (update_rule in ('CASCADE', 'SET NULL', 'SET DEFAULT') or delete_rule in ('CASCADE', 'SET NULL', 'SET DEFAULT'))
      order by table_name, constraint_name`,
  )
  return rows.map(({ name, child, parent, elsewhere, onupdate, ondelete }) => ({
    name,
    child,
    parent,
    ...(elsewhere && { parentDatabase: elsewhere }),
    onUpdate: rule(onupdate),
    onDelete: rule(ondelete),
  }))
}

function rule(text: string): Rule {
  const lower = text.toLowerCase()
  if (lower === 'cascade') return lower
  return lower.startsWith('set ') ? 'set null' : 'none'
}

/**
 * The changes of other tables that can change rows of `table` by cascades, directly or through further tables. The table itself is
 * left out: a cascade that starts there starts with a statement that fires its triggers.
 */
export function cascadeSources(keys: readonly CascadingKey[], table: string): readonly CascadeSource[] {
  const sources = new Map<string, CascadeSource>()
  const pending: { readonly table: string; readonly event: 'update' | 'delete' }[] = [
    { table, event: 'update' },
    { table, event: 'delete' },
  ]
  for (let changed = pending.shift(); changed; changed = pending.shift()) {
    for (const key of keys) {
      if (key.child !== changed.table) continue
      for (const event of eventsBehind(key, changed.event)) {
        const id = JSON.stringify([key.parentDatabase, key.parent, event])
        const itself = key.parent === table && !key.parentDatabase
        if (itself || sources.has(id)) continue
        const source = { table: key.parent, event, key }
        sources.set(id, source)
        pending.push(source)
      }
    }
  }
  return [...sources.values()]
}

/** The changes of the parent that update, or delete, rows of the child. */
function eventsBehind(key: CascadingKey, event: 'update' | 'delete'): readonly ('update' | 'delete')[] {
  if (event === 'delete') return key.onDelete === 'cascade' ? ['delete'] : []
  const behind: ('update' | 'delete')[] = []
  if (key.onUpdate !== 'none') behind.push('update')
  if (key.onDelete === 'set null') behind.push('delete')
  return behind
}

/** `city_country_fk (on delete cascade, from country)`. */
export function describeKey({ name, parent, parentDatabase, onUpdate, onDelete }: CascadingKey): string {
  const rules = [
    onUpdate !== 'none' && `on update ${onUpdate}`,
    onDelete !== 'none' && `on delete ${onDelete}`,
  ]
  const from = parentDatabase ? `${parentDatabase}.${parent}` : parent
  return `${name} (${rules.filter(Boolean).join(' ')}, from ${from})`
}
