import { repos } from './db.ts'
import type { Shipment } from './shipment.ts'

export interface Price {
  /** With the currency's own digits: `12.50`, or `1250` for a currency without cents. */
  readonly amount: string
  readonly currency: string
  readonly tariff: Tariff
}

type Tariff = 'domestic' | 'continental' | 'intercontinental'

export async function priceOf(shipment: Shipment): Promise<Price> {
  const currency = await repos.currency.findByKeyOrThrow(shipment.currency_code)
  const amount = (shipment.price_minor / 10 ** currency.digits).toFixed(currency.digits)
  return { amount, currency: currency.name, tariff: await tariffOf(shipment) }
}

async function tariffOf(shipment: Shipment): Promise<Tariff> {
  const origin = await countryOf(shipment.origin_city_id)
  const destination = await countryOf(shipment.destination_city_id)
  if (origin.code === destination.code) return 'domestic'
  return origin.continent === destination.continent ? 'continental' : 'intercontinental'
}

async function countryOf(cityId: number) {
  const city = await repos.city.findByKeyOrThrow(cityId)
  return repos.city.findReferencedOrThrow(city, 'country_code')
}
