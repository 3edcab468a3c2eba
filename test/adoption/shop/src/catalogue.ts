import { db } from './db.ts'

export const countryOf = (code: string) =>
  db.selectFrom('country').selectAll().where('code', '=', code).executeTakeFirstOrThrow()

export const currencyOf = (code: string) =>
  db.selectFrom('currency').selectAll().where('code', '=', code).executeTakeFirstOrThrow()

export const productOf = (sku: string) =>
  db.selectFrom('product').selectAll().where('sku', '=', sku).executeTakeFirstOrThrow()

export const categoryOf = (id: number) =>
  db.selectFrom('category').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

export const linesOf = (id: number) =>
  db.selectFrom('purchase_line').selectAll().where('purchase_id', '=', id).orderBy('position').execute()
