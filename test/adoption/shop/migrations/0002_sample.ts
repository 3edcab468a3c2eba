import type { Kysely } from 'kysely'

const COUNTRIES = { FR: 'France', DE: 'Germany', JP: 'Japan', NO: 'Norway', PL: 'Poland' }
const CURRENCIES = { EUR: 2, JPY: 0, NOK: 2 }
const CATEGORIES = ['Tea', 'Coffee', 'Cups', 'Books']
const PRODUCTS = 30
const PURCHASES = 40

type Rows = Record<string, string | number | Date>

/** Something to look at: 40 purchases of one to five lines. */
export async function up(db: Kysely<Record<string, Rows>>): Promise<void> {
  const insert = (table: string, rows: Rows[]) => db.insertInto(table).values(rows).execute()
  const each = <T>(length: number, make: (number: number) => T) =>
    Array.from({ length }, (_, at) => make(at + 1))
  const oneOf = (values: object, number: number) =>
    String(Object.keys(values)[number % Object.keys(values).length])

  await insert(
    'country',
    Object.entries(COUNTRIES).map(([code, name], at) => ({ code, name, vat_rate: 19 + at })),
  )
  await insert(
    'currency',
    Object.entries(CURRENCIES).map(([code, digits]) => ({ code, digits, symbol: code.slice(0, 2) })),
  )
  await insert(
    'category',
    CATEGORIES.map((name) => ({ name })),
  )
  await insert(
    'product',
    each(PRODUCTS, (id) => ({ sku: `SKU-${id}`, name: `Product ${id}`, category_id: (id % 4) + 1 })),
  )
  await insert(
    'purchase',
    each(PURCHASES, (id) => ({
      country_code: oneOf(COUNTRIES, id),
      currency_code: oneOf(CURRENCIES, id),
      created_at: new Date(Date.UTC(2026, 0, id, 12)),
    })),
  )
  const lines = each(PURCHASES, (purchase_id) =>
    each((purchase_id % 5) + 1, (position) => ({
      purchase_id,
      position,
      // People type these: the column's collation ignores case.
      product_sku: `${position % 2 ? 'SKU' : 'sku'}-${((purchase_id * position) % PRODUCTS) + 1}`,
      quantity: position,
      price_minor: purchase_id * 100 + position,
    })),
  )
  await insert('purchase_line', lines.flat())
}

export async function down(db: Kysely<Record<string, Rows>>): Promise<void> {
  for (const table of ['purchase_line', 'purchase', 'product', 'category', 'currency', 'country']) {
    await db.deleteFrom(table).execute()
  }
}
