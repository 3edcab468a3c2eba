/**
 * A Map over the rows as mysql2 gives them, what a hit costs at least: of rows by id (`rows`), of promises by id
 * (`promises`), by slug (`slugs`) or by both parts of the composite key as one text (`positions`). It knows what `warm` or
 * `preload` has read.
 */
import { createPool, type RowDataPacket } from 'mysql2/promise'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'

export async function open({ url, variant }: PeerOptions): Promise<Peer> {
  const pool = createPool(url)
  const rows = new Map<number, RowDataPacket>()
  const byId = new Map<number, Promise<RowDataPacket>>()
  const bySlug = new Map<string, Promise<RowDataPacket>>()
  const byPosition = new Map<string, Promise<RowDataPacket>>()
  const lookups: Lookups = {
    city: (id) => byId.get(id)!,
    cityBySlug: (slug) => bySlug.get(slug)!,
    cityByPosition: (country_code, position) => byPosition.get(`${country_code}:${position}`)!,
    peekCity: (id) => rows.get(id),
  }
  const holders: Record<string, (row: RowDataPacket) => void> = {
    rows: (row) => rows.set(row.id, row),
    promises: (row) => byId.set(row.id, Promise.resolve(row)),
    slugs: (row) => bySlug.set(row.slug, Promise.resolve(row)),
    positions: (row) => byPosition.set(`${row.country_code}:${row.position}`, Promise.resolve(row)),
  }
  const hold = holders[variant]!
  return {
    lookups,
    request: (work) => work(lookups),
    /** As a process that has just begun, whose Map has to grow. */
    async restart() {
      for (const held of [rows, byId, bySlug, byPosition]) held.clear()
    },
    async warm(ids) {
      const [read] = await pool.query<RowDataPacket[]>('select * from city where id in (?)', [ids])
      for (const row of read) hold(row)
    },
    async preload() {
      const [read] = await pool.query<RowDataPacket[]>('select * from city')
      for (const row of read) hold(row)
    },
    close: () => pool.end(),
  }
}
