import { type Kysely, sql } from 'kysely'
import { ER_NO_SUCH_USER } from '../database/server-errors.ts'
import { isTriggerOf, readTriggers } from '../migration/trigger.ts'
import type { CheckTarget } from './check-target.ts'
import type { Finding, Report } from './finding.ts'
import { deniedRight } from './server-error.ts'

/** Checks that the owners of our triggers still exist: without its owner, a trigger makes every write fail. */
export async function checkDefiners({ owner, cached }: CheckTarget): Promise<Report> {
  if (cached.size === 0) return { findings: [] }
  const tables = [...cached.keys()]
  const guarding = (await readTriggers(owner)).filter(
    (trigger) => !trigger.own && tables.some((table) => isTriggerOf(trigger, { table })),
  )
  const findings: Finding[] = []
  for (const [definer, triggers] of Map.groupBy(guarding, ({ definer }) => definer)) {
    const exists = definer === undefined ? undefined : await userExists(owner, definer)
    if (exists === undefined) {
      const reason = `whether the user to whom they belong${definer === undefined ? '' : `, ${definer},`} exists cannot be seen without SELECT on mysql.user`
      return { findings, skipped: [{ what: `definers of ${triggers.length} triggers`, reason }] }
    }
    if (exists) continue
    for (const [table, ofTable] of Map.groupBy(triggers, ({ table }) => table)) {
      findings.push({
        code: 'definer-gone',
        table,
        message: `every write that fires ${ofTable.map(({ name }) => name).join(', ')} fails (error ${ER_NO_SUCH_USER}): the user ${definer}, to whom it belongs, is gone`,
        fix: 'Call trackVersion or freeze again as a user that stays: it makes the triggers again.',
      })
    }
  }
  return { findings }
}

/** Undefined if it cannot be seen. */
async function userExists(db: Kysely<unknown>, definer: string): Promise<boolean | undefined> {
  const at = definer.lastIndexOf('@')
  try {
    const { rows } = await sql<{ found: unknown }>`
      select 1 as found from mysql.user
      where user = ${definer.slice(0, at)} and host = ${definer.slice(at + 1)}`.execute(db.withoutPlugins())
    return rows.length > 0
  } catch (error) {
    if (deniedRight(error)) return undefined
    throw error
  }
}
