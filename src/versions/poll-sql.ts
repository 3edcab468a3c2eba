import { inCurrentDatabase } from '../database/current-database.ts'
import { quoteName, type Statement, statement } from '../database/statement.ts'
import { IMPATIENT, VERSION_TABLE } from './version-table.ts'

/** How the texts begin that follow versions, and no others. */
export const POLL = '/* kysely-lookup poll */ '

/** Which server answers. */
const SERVER = 'version(), @@hostname, @@port, @@server_id'

/** The version of every table, how many rows it is the sum of, and which server says so; then what `FINGERPRINT` is made of. */
export const VERSIONS = pollStatement(
  `select ${IMPATIENT} table_name, cast(sum(version) as unsigned) version, count(*) slots, concat_ws(' ', ${SERVER}) server, concat_ws(' ', count(*), sum(version), max(version), bit_xor(version)) marks from ${VERSION_TABLE} group by table_name`,
)

/**
 * One text: a number that is another one in each answer that the server gives, then what changes with any version, for all tables. A
 * sum alone stays as it is if a restore moves two versions in opposite directions. To tell the rows apart, by their names, would
 * cost as much as to read them. The driver reads the column's name with each answer, so it is short.
 */
export const FINGERPRINT = pollStatement(
  `select ${IMPATIENT} concat_ws(' ', uuid_short(), ${SERVER}, count(*), sum(version), max(version), bit_xor(version)) f from ${VERSION_TABLE}`,
)

/** What counts DDL that has begun. */
export const COUNTERS = [
  'Com_alter_table',
  'Com_create_table',
  'Com_create_trigger',
  'Com_drop_db',
  'Com_drop_table',
  'Com_drop_trigger',
  'Com_rename_table',
  'Com_truncate',
] as const

/** For how many seconds the server has been up. */
export const UPTIME = 'Uptime'

const COUNTED = `where variable_name in (${[...COUNTERS, UPTIME].map((name) => `'${name}'`).join(', ')})`

const SHOW = pollStatement(`show global status ${COUNTED}`)
const SELECT = pollStatement(
  `select variable_name, variable_value from performance_schema.global_status ${COUNTED}`,
)

/** What the server has counted. For SHOW, MySQL first makes a table of all status; without its performance schema only SHOW tells. */
export const STATUS = { mysql: [SELECT, SHOW], mariadb: [SHOW] } as const

export type System = keyof typeof STATUS

/** By what a poll says of the server. */
export function systemOf(server: string): System {
  return /mariadb/i.test(server) ? 'mariadb' : 'mysql'
}

/**
 * When the tables were made, whose names are the values. For a list of names MariaDB opens every table of the database; MySQL is
 * slow at a `union`.
 */
export function creationTimes(tables: number, system: System): Statement {
  const select = `select table_name, cast(create_time as char) from information_schema.tables where ${inCurrentDatabase('table_schema')} and table_name`
  return pollStatement(
    system === 'mysql'
      ? `${select} in (${placeholders(tables)})`
      : new Array<string>(tables).fill(`${select} = ?`).join(' union all '),
  )
}

/** The triggers of the tables, and those by which cascades move a version; none without the right to see them. */
export function triggersOf(tables: number): Statement {
  return pollStatement(
    `select event_object_table, trigger_name, action_timing, event_manipulation, cast(created as char), crc32(action_statement) from information_schema.triggers where ${inCurrentDatabase('trigger_schema')} and (event_object_table in (${placeholders(tables)}) or left(trigger_name, 15) = 'lookup_cascade_') order by 1, 2`,
  )
}

/** Whether each of the tables has a row; an error if one stays locked. */
export function presenceIn(tables: readonly string[], system: System): Statement {
  const values = tables.map((table) => `exists (select 1 from ${quoteName(table)})`).join(', ')
  return pollStatement(
    system === 'mysql'
      ? `select ${IMPATIENT} ${values}`
      : `set statement lock_wait_timeout = 1 for select ${values}`,
  )
}

function placeholders(count: number): string {
  return new Array<string>(count).fill('?').join(', ')
}

function pollStatement(sql: string): Statement {
  return statement(POLL + sql)
}
