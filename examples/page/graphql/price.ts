import type { Lookups } from '../../comparison/lookups.ts'
import type { Shipment } from '../../service/shipment.ts'

/** `12.50 EUR` */
export async function priceText(shipment: Shipment, lookups: Lookups): Promise<string> {
  const { code, digits } = await lookups.currency.findByKeyOrThrow(shipment.currency_code)
  return `${(shipment.price_minor / 10 ** digits).toFixed(digits)} ${code}`
}
