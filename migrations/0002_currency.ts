import { type Kysely, sql } from 'kysely'

/**
 * Currencies and funds by ISO 4217: alphabetic code (the key), numeric code and minor-unit digits.
 *
 * The codes are compared byte by byte: `eur` is not `EUR`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const code = sql`character set ascii collate ascii_bin`
  const text = sql`character set utf8mb4 collate utf8mb4_unicode_520_ci`
  await db.schema
    .createTable('currency')
    .addColumn('code', sql`char(3) ${code}`, (column) => column.notNull().primaryKey())
    .addColumn('numeric_code', sql`char(3) ${code}`, (column) => column.notNull())
    .addColumn('digits', sql`tinyint unsigned`, (column) => column.notNull())
    .addColumn('name', sql`varchar(100) ${text}`, (column) => column.notNull())
    .addColumn('native_name', sql`varchar(100) ${text}`)
    .addColumn('symbol', sql`varchar(20) ${text}`)
    .addUniqueConstraint('currency_numeric_code_unique', ['numeric_code'])
    .modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_unicode_520_ci`)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('currency').execute()
}
