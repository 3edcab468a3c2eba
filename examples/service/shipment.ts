import type { Selectable } from 'kysely'
import { db } from './db.ts'
import type { DB } from './schema.ts'

export type Shipment = Selectable<DB['shipment']>

const PAGE_SIZE = 25

export function shipmentsOfPage(page: number): Promise<Shipment[]> {
  return db
    .selectFrom('shipment')
    .selectAll()
    .orderBy('id')
    .limit(PAGE_SIZE)
    .offset((page - 1) * PAGE_SIZE)
    .execute()
}

export function findShipment(id: number): Promise<Shipment | undefined> {
  return db.selectFrom('shipment').selectAll().where('id', '=', id).executeTakeFirst()
}
