import { createPool, type RowDataPacket } from 'mysql2/promise'
import { createDatabase, createRepositories, type Repository } from '../../src/index.ts'
import { metadataOf } from './lookup.ts'

export interface Numbers {
  number(id: number): Promise<unknown>
  close(): Promise<void>
}

/** The first rows of the table `number`, all held: by this library (`immutable`), or as promises in a Map. */
export async function openNumbers(options: {
  readonly url: string
  readonly rows: number
  readonly variant: string
}): Promise<Numbers> {
  const { url, rows, variant } = options
  const ids = Array.from({ length: rows }, (_, index) => index + 1)
  const chunks = Array.from({ length: Math.ceil(rows / 5_000) }, (_, index) =>
    ids.slice(index * 5_000, (index + 1) * 5_000),
  )
  if (variant === 'immutable') {
    const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: url })
    const { number } = await metadataOf(db)
    const repos = createRepositories({
      db,
      tables: { number: number! },
      cache: { number: { mode: 'immutable', maxRows: rows } },
    })
    const repository = repos.$table('number') as unknown as Repository<object, number, unknown>
    for (const chunk of chunks) await repository.findByKeys(chunk)
    return {
      number: (id) => repository.findByKey(id),
      async close() {
        await repos.$close()
        await db.destroy()
      },
    }
  }
  const pool = createPool(url)
  const held = new Map<number, Promise<RowDataPacket>>()
  for (const chunk of chunks) {
    const [read] = await pool.query<RowDataPacket[]>('select * from number where id in (?)', [chunk])
    for (const row of read) held.set(row.id, Promise.resolve(row))
  }
  return { number: (id) => held.get(id)!, close: () => pool.end() }
}
