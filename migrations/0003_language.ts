import { type Kysely, sql } from 'kysely'

/**
 * Languages by ISO 639-3 (the key), with the two-letter code of ISO 639-1 and the bibliographic code of
 * ISO 639-2 where the language has one.
 *
 * The codes are lower case in the standard and compared byte by byte: `FR` is not `fr`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  const code = sql`character set ascii collate ascii_bin`
  const text = sql`character set utf8mb4 collate utf8mb4_unicode_520_ci`
  await db.schema
    .createTable('language')
    .addColumn('code', sql`char(3) ${code}`, (column) => column.notNull().primaryKey())
    .addColumn('iso639_1', sql`char(2) ${code}`)
    .addColumn('iso639_2b', sql`char(3) ${code}`)
    .addColumn('name', sql`varchar(100) ${text}`, (column) => column.notNull())
    .addColumn('native_name', sql`varchar(100) ${text}`)
    .addColumn('scope', sql`enum('individual', 'macrolanguage', 'special') ${code}`, (column) =>
      column.notNull(),
    )
    .addColumn(
      'type',
      sql`enum('ancient', 'constructed', 'extinct', 'historical', 'living', 'special') ${code}`,
      (column) => column.notNull(),
    )
    .addUniqueConstraint('language_iso639_1_unique', ['iso639_1'])
    .addUniqueConstraint('language_iso639_2b_unique', ['iso639_2b'])
    .modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_unicode_520_ci`)
    .execute()
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('language').execute()
}
