import { repos } from './db.ts'
import type { Shipment } from './shipment.ts'

export interface Delivery {
  readonly due: Date
  /** The receiver's time zone: `Europe/Paris`, `Central European Time`. */
  readonly timeZone: string
  readonly timeZoneName: string
}

export async function deliveryOf(shipment: Shipment): Promise<Delivery> {
  const timeZone = await repos.time_zone.findByKeyOrThrow(shipment.time_zone_name)
  return { due: shipment.due_at, timeZone: timeZone.name, timeZoneName: timeZone.alternative_name }
}
