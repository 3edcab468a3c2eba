import { type Kysely, sql } from 'kysely'

/**
 * Time zones by their name in the IANA time zone database (the key).
 *
 * No two names differ in case alone, so `europe/paris` finds `Europe/Paris`. The offset is that of standard
 * time, in minutes east of Greenwich. A zone that is no country's (`Etc/UTC`) has no country.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const code = sql`character set ascii collate ascii_general_ci`
  const text = sql`character set utf8mb4 collate utf8mb4_unicode_520_ci`
  await db.schema
    .createTable('time_zone')
    .addColumn('name', sql`varchar(64) ${code}`, (column) => column.notNull().primaryKey())
    .addColumn('country_code', sql`char(2) ${code}`)
    .addColumn('alternative_name', sql`varchar(100) ${text}`, (column) => column.notNull())
    .addColumn('standard_offset', sql`smallint`, (column) => column.notNull())
    .addColumn('abbreviation', sql`varchar(10) ${code}`, (column) => column.notNull())
    .addColumn('dst_abbreviation', sql`varchar(10) ${code}`)
    .addIndex('time_zone_country_code_index', ['country_code'])
    .addForeignKeyConstraint('time_zone_country_code_foreign', ['country_code'], 'country', ['code'], (key) =>
      key.onDelete('restrict').onUpdate('restrict'),
    )
    .modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_unicode_520_ci`)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('time_zone').execute()
}
