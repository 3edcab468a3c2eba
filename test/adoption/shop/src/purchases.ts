import type { Selectable } from 'kysely'
import { categoryOf, countryOf, currencyOf, linesOf, productOf } from './catalogue.ts'
import type { DB } from './database.ts'
import { db } from './db.ts'

/** The latest purchases, as the back office lists them. */
export async function latestPurchases() {
  const purchases = await db.selectFrom('purchase').selectAll().orderBy('id', 'desc').limit(20).execute()
  const views = []
  for (const purchase of purchases) views.push(await viewOf(purchase))
  return views
}

async function viewOf(purchase: Selectable<DB['purchase']>) {
  const country = await countryOf(purchase.country_code)
  const currency = await currencyOf(purchase.currency_code)
  const lines = await linesOf(purchase.id)
  const total = lines.reduce((sum, { quantity, price_minor }) => sum + quantity * price_minor, 0)
  return {
    id: purchase.id,
    date: purchase.created_at,
    country: country.name,
    vatRate: country.vat_rate,
    total: `${(total / 10 ** currency.digits).toFixed(currency.digits)} ${currency.symbol}`,
    products: await Promise.all(lines.map((line) => productLabel(line.product_sku))),
  }
}

async function productLabel(sku: string) {
  const product = await productOf(sku)
  const category = await categoryOf(product.category_id)
  return `${product.name} (${category.name})`
}
