import { createConnection } from 'mysql2/promise'

export interface CityKeys {
  readonly id: number
  readonly slug: string
  readonly country_code: string
  readonly position: number
}

/** The keys of every city, in primary-key order. */
export async function readCityKeys(url: string): Promise<CityKeys[]> {
  const connection = await createConnection(url)
  const [rows] = await connection.query('select id, slug, country_code, position from city order by id')
  await connection.end()
  return rows as CityKeys[]
}
