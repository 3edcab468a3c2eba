import { type Kysely, sql } from 'kysely'

/**
 * Which languages (ISO 639-3) a country (ISO 3166-1) speaks officially or mostly.
 *
 * `position` is 1 for the first of the country.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const countryCode = sql`char(2) character set ascii collate ascii_general_ci`
  const languageCode = sql`char(3) character set ascii collate ascii_bin`
  await db.schema
    .createTable('country_language')
    .addColumn('country_code', countryCode, (column) => column.notNull())
    .addColumn('language_code', languageCode, (column) => column.notNull())
    .addColumn('position', sql`tinyint unsigned`, (column) => column.notNull())
    .addPrimaryKeyConstraint('country_language_primary', ['country_code', 'language_code'])
    .addIndex('country_language_language_code_index', ['language_code'])
    .addForeignKeyConstraint(
      'country_language_country_code_foreign',
      ['country_code'],
      'country',
      ['code'],
      (key) => key.onDelete('restrict').onUpdate('restrict'),
    )
    .addForeignKeyConstraint(
      'country_language_language_code_foreign',
      ['language_code'],
      'language',
      ['code'],
      (key) => key.onDelete('restrict').onUpdate('restrict'),
    )
    .modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_unicode_520_ci`)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('country_language').execute()
}
