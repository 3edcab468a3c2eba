import { type Kysely, sql } from 'kysely'

/**
 * Countries and territories by ISO 3166-1: alpha-2 (the key), alpha-3 and numeric codes.
 *
 * The codes ignore case (`fr` finds `FR`), as people type them. A numeric code is text, because `004` is
 * one. It is null for a code that ISO has reserved or left to users (`XK`), which has no number.
 * `continent` is GeoNames' two letters; `calling_codes` are ITU-T E.164 prefixes, separated by commas.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const code = sql`character set ascii collate ascii_general_ci`
  const text = sql`character set utf8mb4 collate utf8mb4_unicode_520_ci`
  await db.schema
    .createTable('country')
    .addColumn('code', sql`char(2) ${code}`, (column) => column.notNull().primaryKey())
    .addColumn('alpha3', sql`char(3) ${code}`, (column) => column.notNull())
    .addColumn('numeric_code', sql`char(3) ${code}`)
    .addColumn('name', sql`varchar(100) ${text}`, (column) => column.notNull())
    .addColumn('native_name', sql`varchar(100) ${text}`, (column) => column.notNull())
    .addColumn('capital', sql`varchar(100) ${text}`)
    .addColumn('continent', sql`char(2) ${code}`, (column) => column.notNull())
    .addColumn('calling_codes', sql`varchar(50) ${code}`, (column) => column.notNull())
    .addUniqueConstraint('country_alpha3_unique', ['alpha3'])
    .addUniqueConstraint('country_numeric_code_unique', ['numeric_code'])
    .addIndex('country_continent_index', ['continent'])
    .modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_unicode_520_ci`)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('country').execute()
}
