import { type Kysely, sql } from 'kysely'

/**
 * Populated places by their GeoNames id (the key).
 *
 * `admin_code` is GeoNames' first-level division (FIPS, ISO in some countries) and `feature_code` its kind of
 * place (`PPLC` is a capital). Coordinates are WGS 84 degrees with the five digits that the data has.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const countryCode = sql`character set ascii collate ascii_general_ci`
  const code = sql`character set ascii collate ascii_bin`
  const text = sql`character set utf8mb4 collate utf8mb4_unicode_520_ci`
  await db.schema
    .createTable('city')
    .addColumn('id', sql`int unsigned`, (column) => column.notNull().primaryKey())
    .addColumn('name', sql`varchar(200) ${text}`, (column) => column.notNull())
    .addColumn('country_code', sql`char(2) ${countryCode}`, (column) => column.notNull())
    .addColumn('admin_code', sql`varchar(20) ${code}`)
    .addColumn('feature_code', sql`varchar(10) ${code}`, (column) => column.notNull())
    .addColumn('population', sql`int unsigned`, (column) => column.notNull())
    .addColumn('latitude', sql`decimal(7, 5)`, (column) => column.notNull())
    .addColumn('longitude', sql`decimal(8, 5)`, (column) => column.notNull())
    .addIndex('city_country_code_population_index', ['country_code', 'population'])
    .addForeignKeyConstraint('city_country_code_foreign', ['country_code'], 'country', ['code'], (key) =>
      key.onDelete('restrict').onUpdate('restrict'),
    )
    .modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_unicode_520_ci`)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('city').execute()
}
