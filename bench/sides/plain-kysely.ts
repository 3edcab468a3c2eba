import { Kysely, MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'

/** The tables of the data set, as other code knows them. */
export interface BenchDB {
  readonly city: {
    readonly id: number
    readonly slug: string
    readonly country_code: string
    readonly position: number
    readonly name: string
    readonly admin_code: string | null
    readonly feature_code: string
    readonly population: number
  }
  readonly country: {
    readonly code: string
    readonly alpha3: string
    readonly name: string
    readonly native_name: string
    readonly capital: string | null
    readonly continent: string
  }
}

export function openKysely(url: string): Kysely<BenchDB> {
  return new Kysely<BenchDB>({
    dialect: new MysqlDialect({ pool: createPool({ uri: url, connectionLimit: 10 }) }),
  })
}
