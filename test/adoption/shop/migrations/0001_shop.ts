import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  const text = sql`character set utf8mb4 collate utf8mb4_unicode_520_ci`
  const id = sql`int unsigned`
  await db.schema
    .createTable('country')
    .addColumn('code', sql`char(2) ${text}`, (column) => column.primaryKey())
    .addColumn('name', sql`varchar(100) ${text}`, (column) => column.notNull())
    .addColumn('vat_rate', 'decimal(4, 2)', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('currency')
    .addColumn('code', sql`char(3) ${text}`, (column) => column.primaryKey())
    .addColumn('digits', 'smallint', (column) => column.notNull())
    .addColumn('symbol', sql`varchar(10) ${text}`, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('category')
    .addColumn('id', id, (column) => column.autoIncrement().primaryKey())
    .addColumn('name', sql`varchar(100) ${text}`, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('product')
    .addColumn('id', id, (column) => column.autoIncrement().primaryKey())
    .addColumn('sku', sql`varchar(20) ${text}`, (column) => column.notNull().unique())
    .addColumn('name', sql`varchar(100) ${text}`, (column) => column.notNull())
    .addColumn('category_id', id, (column) => column.notNull())
    .addForeignKeyConstraint('product_category', ['category_id'], 'category', ['id'])
    .execute()
  await db.schema
    .createTable('purchase')
    .addColumn('id', id, (column) => column.autoIncrement().primaryKey())
    .addColumn('country_code', sql`char(2) ${text}`, (column) => column.notNull())
    .addColumn('currency_code', sql`char(3) ${text}`, (column) => column.notNull())
    .addColumn('created_at', 'datetime', (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('purchase_line')
    .addColumn('purchase_id', id, (column) => column.notNull())
    .addColumn('position', 'smallint', (column) => column.notNull())
    .addColumn('product_sku', sql`varchar(20) ${text}`, (column) => column.notNull())
    .addColumn('quantity', 'integer', (column) => column.notNull())
    .addColumn('price_minor', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('purchase_line_primary', ['purchase_id', 'position'])
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ['purchase_line', 'purchase', 'product', 'category', 'currency', 'country']) {
    await db.schema.dropTable(table).execute()
  }
}
