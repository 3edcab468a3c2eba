import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import type { TableMetadata } from '../metadata.ts'
import { STORE_FORMAT } from './entry.ts'
import type { StoreNamespace } from './store.ts'

/** What tells the content of a table from any other that a table of the name has, had or will have, on this server or another one. */
export interface ContentIdentity {
  /** Which server it is on, and since when that runs: what an endpoint leads to may change, and so may a server's data while it is down. */
  readonly server: string
  readonly database: string
  /** When the table and its triggers were made, and what else tells one table of the name from the next. */
  readonly table: string
  /** All slots of its version. Their sum alone may come again, with other content, after a failover that lost commits. */
  readonly slots: string
}

/** Where the rows of a table are in stores, as far as a look has found. */
export interface TableContent {
  /** Undefined where nothing tells the content for certain: no store is used. */
  readonly namespace: StoreNamespace | undefined
  readonly version: number
  /** Milliseconds since the version last moved, by the server's clock. */
  readonly age: number
}

const ADDRESS_LENGTH = 32

/** @see StoreNamespace */
export function namespaceOf(table: TableMetadata, content: ContentIdentity): StoreNamespace {
  const { server, database, slots } = content
  const parts = [
    STORE_FORMAT,
    build(),
    server,
    database,
    table.name,
    content.table,
    structureOf(table),
    slots,
  ]
  return { database, table: table.name, address: digest(JSON.stringify(parts)) }
}

/** What rows of the generated table look like. Its columns say how each is decoded. */
function structureOf({ columns, primaryKey, uniqueKeys }: TableMetadata): string {
  return digest(JSON.stringify([columns, primaryKey, uniqueKeys]))
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, ADDRESS_LENGTH)
}

let built: string | undefined

/** The versions of what decodes rows: another one may read a value in another way. */
function build(): string {
  if (built === undefined) {
    const require = createRequire(import.meta.url)
    const own = require('../../package.json') as { readonly version: string }
    const driver = require('mysql2/package.json') as { readonly version: string }
    built = `${own.version} ${driver.version}`
  }
  return built
}
