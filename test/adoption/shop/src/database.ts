import type { ColumnType, Generated } from 'kysely'

interface Country {
  code: string
  name: string
  vat_rate: string
}

interface Currency {
  code: string
  digits: number
  symbol: string
}

interface Category {
  id: Generated<number>
  name: string
}

interface Product {
  id: Generated<number>
  sku: string
  name: string
  category_id: number
}

interface Purchase {
  id: Generated<number>
  country_code: string
  currency_code: string
  created_at: ColumnType<Date>
}

interface PurchaseLine {
  purchase_id: number
  position: number
  product_sku: string
  quantity: number
  price_minor: number
}

export interface DB {
  country: Country
  currency: Currency
  category: Category
  product: Product
  purchase: Purchase
  purchase_line: PurchaseLine
}
