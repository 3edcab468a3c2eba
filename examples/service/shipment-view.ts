import { type Delivery, deliveryOf } from './delivery.ts'
import { addressLabel, paperLanguage } from './labels.ts'
import { type Price, priceOf } from './pricing.ts'
import type { Shipment } from './shipment.ts'

/** A shipment as people read it: every code is replaced by what it stands for. */
export interface ShipmentView {
  readonly id: number
  readonly from: string
  readonly to: string
  readonly price: Price
  readonly delivery: Delivery
  readonly paperLanguage: string
}

export async function viewOf(shipment: Shipment): Promise<ShipmentView> {
  const [from, to, price, delivery, language] = await Promise.all([
    addressLabel(shipment.origin_city_id),
    addressLabel(shipment.destination_city_id),
    priceOf(shipment),
    deliveryOf(shipment),
    paperLanguage(shipment.language_code),
  ])
  return { id: shipment.id, from, to, price, delivery, paperLanguage: language }
}
