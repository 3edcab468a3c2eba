import { type Kysely, MysqlAdapter, type QueryExecutor } from 'kysely'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import { ConfigurationError } from '../errors.ts'
import type { LookupSource } from './lookup-source.ts'

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
  /** The connections of lookups. */
  readonly lookups: LookupSource
  /** Runs Kysely queries on the connections of lookups. */
  readonly ownDatabase: Kysely<unknown>
  /** Whether these are the pool's. */
  readonly borrows: boolean
  /** The database that the pool's connections are made for, if one is named. */
  configured(): string | undefined
}

/** Carries what `createDatabase` has made: plugins and transactions keep their adapter. */
export class LookupAdapter extends MysqlAdapter {
  readonly created: LookupAdapterOptions

  constructor(created: LookupAdapterOptions) {
    super()
    this.created = created
  }
}

/** What `createDatabase`, of any copy of this library, made the database with; undefined if another function made it. */
export function adapterOf(db: Kysely<unknown>): LookupAdapterOptions | undefined {
  return (db.getExecutor().adapter as Partial<LookupAdapter>).created
}

/** @throws ConfigurationError if `createDatabase` did not make the database. */
export function expectAdapter(db: Kysely<unknown>): LookupAdapterOptions {
  const adapter = adapterOf(db)
  if (adapter) return adapter
  throw new ConfigurationError({
    kind: 'option',
    problem: 'The Kysely instance was not made by createDatabase',
    fix: 'Make it from its pool: createDatabase({ pool, plugins, log }).',
  })
}

/**
 * For reading the schema, versions and server settings: the same database on connections whose sessions no program has
 * altered, if there are such connections. A transaction may hold the only one that could be borrowed.
 */
export function ownDatabase(db: Kysely<unknown>): Kysely<unknown> {
  const adapter = adapterOf(db)
  if (!adapter || (adapter.borrows && db.isTransaction)) return db
  return adapter.ownDatabase
}

// Registered: there may be another copy of this library.
const POOLED = Symbol.for('kysely-lookup.pooled')

type Derivation = 'withPlugin' | 'withPluginAtFront' | 'withPlugins' | 'withoutPlugins'

const derivations: readonly Derivation[] = [
  'withPlugin',
  'withPluginAtFront',
  'withPlugins',
  'withoutPlugins',
]

/**
 * Marks an executor that takes a connection of the pool for each query, and those that are derived from it. One that is
 * bound to a connection comes from `withConnectionProvider` alone.
 */
export function markPooled(executor: QueryExecutor): QueryExecutor {
  for (const name of derivations) {
    const derive = executor[name].bind(executor) as (...given: unknown[]) => QueryExecutor
    Object.assign(executor, { [name]: (...given: unknown[]) => markPooled(derive(...given)) })
  }
  return Object.assign(executor, { [POOLED]: true })
}

/** Whether queries of a database made by `createDatabase` run on one connection, as those of a transaction do. */
export function isBound(db: Kysely<unknown>): boolean {
  return !(POOLED in db.getExecutor())
}
