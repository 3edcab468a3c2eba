/**
 * mysql2 alone, its rows as they come: `query` with a list of keys, `query = ?` and `execute = ?` for one key each, and
 * `json_table`, the bare prepared statement that a batch of this library comes down to.
 */
import { createPool, type RowDataPacket } from 'mysql2/promise'
import type { Peer, PeerOptions } from '../peer.ts'

const ONE = 'select * from city where id = ?'
const JSON_TABLE = `select k.o, t.id c0, t.slug c1, t.country_code c2, t.position c3, t.name c4, t.admin_code c5,
  t.feature_code c6, t.population c7
  from json_table(?, '$[*]' columns (o for ordinality, k int unsigned path '$')) k
  left join city t force index (primary) on t.id = k.k`

export async function open({ url, variant }: PeerOptions): Promise<Peer> {
  const pool = createPool({ uri: url, connectionLimit: 10 })
  const query: Run = (sql, values) => pool.query(sql, values)
  const execute: Run = (sql, values) => pool.execute(sql, values)
  const run = variant.startsWith('execute') ? execute : query
  const ways: Record<string, (ids: readonly number[]) => Promise<unknown[]>> = {
    query: async (ids) => (await pool.query<RowDataPacket[]>('select * from city where id in (?)', [ids]))[0],
    'query = ?': (ids) => Promise.all(ids.map((id) => city(query, id))),
    'execute = ?': (ids) => Promise.all(ids.map((id) => city(execute, id))),
    json_table: async (ids) => (await pool.execute<RowDataPacket[]>(JSON_TABLE, [JSON.stringify(ids)]))[0],
  }
  const lookups = {
    city: (id: number) => city(run, id),
    country: async (code: string) => (await run('select * from country where code = ?', [code]))[0][0],
  }
  return {
    lookups,
    request: (work) => work(lookups),
    cities: ways[variant] ?? (() => Promise.reject(new Error(`mysql2: no variant ${variant}`))),
    async restart() {},
    preload: async () => (await pool.query('select * from city'))[0],
    close: () => pool.end(),
  }
}

type Run = (sql: string, values: (number | string)[]) => Promise<[RowDataPacket[], unknown]>

async function city(run: Run, id: number): Promise<RowDataPacket | undefined> {
  return (await run(ONE, [id]))[0][0]
}
