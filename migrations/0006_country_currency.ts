import { type Kysely, sql } from 'kysely'

/**
 * Which currencies (ISO 4217) a country (ISO 3166-1) uses.
 *
 * `position` is 1 for the first of the country.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const countryCode = sql`char(2) character set ascii collate ascii_general_ci`
  const currencyCode = sql`char(3) character set ascii collate ascii_bin`
  await db.schema
    .createTable('country_currency')
    .addColumn('country_code', countryCode, (column) => column.notNull())
    .addColumn('currency_code', currencyCode, (column) => column.notNull())
    .addColumn('position', sql`tinyint unsigned`, (column) => column.notNull())
    .addPrimaryKeyConstraint('country_currency_primary', ['country_code', 'currency_code'])
    .addIndex('country_currency_currency_code_index', ['currency_code'])
    .addForeignKeyConstraint(
      'country_currency_country_code_foreign',
      ['country_code'],
      'country',
      ['code'],
      (key) => key.onDelete('restrict').onUpdate('restrict'),
    )
    .addForeignKeyConstraint(
      'country_currency_currency_code_foreign',
      ['currency_code'],
      'currency',
      ['code'],
      (key) => key.onDelete('restrict').onUpdate('restrict'),
    )
    .modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_unicode_520_ci`)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('country_currency').execute()
}
