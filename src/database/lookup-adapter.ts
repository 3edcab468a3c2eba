import { type Kysely, MysqlAdapter } from 'kysely'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import type { LookupConnections } from './lookup-connections.ts'

/** Where connections go: a host and port, or a socket. */
export interface Endpoint {
  readonly address?: string
  readonly port?: number
}

/** How many prepared statements a database may hold at a time. */
export interface PreparationLimits {
  readonly connections: number
  /** On each connection; none where lookups are not prepared. */
  readonly statements: number
}

export interface LookupAdapterOptions {
  readonly decoding: DecodingOptions
  readonly endpoint: Endpoint
  readonly limits: PreparationLimits
  /** The connections of lookups; absent where they borrow those of the program. */
  readonly lookups?: LookupConnections
  /** Runs Kysely queries on the connections of lookups. */
  readonly ownDatabase?: Kysely<unknown>
}

/** Tells a `createDatabase` instance from any other Kysely; plugins and transactions keep their adapter. */
export class LookupAdapter extends MysqlAdapter {
  readonly decoding: DecodingOptions
  readonly endpoint: Endpoint
  readonly limits: PreparationLimits
  readonly lookups: LookupConnections | undefined
  readonly ownDatabase: Kysely<unknown> | undefined

  constructor(options: LookupAdapterOptions) {
    super()
    this.decoding = options.decoding
    this.endpoint = options.endpoint
    this.limits = options.limits
    this.lookups = options.lookups
    this.ownDatabase = options.ownDatabase
  }
}

type Known = Partial<Pick<LookupAdapter, 'limits' | 'lookups' | 'ownDatabase'>>

/** What `createDatabase`, of any copy of this library, has made a database with. */
function adapterOf(db: Kysely<unknown>): Known {
  return db.getExecutor().adapter as Known
}

/** How much a database made by `createDatabase` prepares; undefined for any other. */
export function preparationLimits(db: Kysely<unknown>): PreparationLimits | undefined {
  return adapterOf(db).limits
}

/** The connections that lookups of a database have to themselves, if they have any. */
export function lookupConnections(db: Kysely<unknown>): LookupConnections | undefined {
  return db.isTransaction ? undefined : adapterOf(db).lookups
}

/**
 * For what is read of the schema, of versions and of the server: the same database on connections whose sessions no
 * program has altered, where it has such connections.
 */
export function ownDatabase(db: Kysely<unknown>): Kysely<unknown> {
  return adapterOf(db).ownDatabase ?? db
}
