import { Kysely, MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'
import type { DB } from './database.ts'

const pool = createPool({ uri: process.env.DATABASE_URL, timezone: 'Z' })

export const db = new Kysely<DB>({ dialect: new MysqlDialect({ pool }) })
