import { EMPTY_INDEX, type Entry, type HitIndex, promiseOf } from '../cache/generation.ts'
import { type CacheView, NOTHING_CACHED, type ProcessCache } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'
import { ConfigurationError, InvalidKeyError, RowNotFoundError } from '../errors.ts'
import type { TableReader } from '../loading/table-reader.ts'
import type { TableMetadata } from '../metadata.ts'
import type { RowReader } from '../rows/row.ts'
import type { CurrentScope } from '../scope/request-scope.ts'
import type { ScopedTable, TableScope } from '../scope/table-scope.ts'

/** What a repository is made of; assembled by `createRepositories`. */
export interface RepositoryParts extends ScopedTable {
  readonly table: TableMetadata
  readonly rowReader: RowReader
  readonly reader: TableReader
  readonly scopes: CurrentScope
}

/**
 * Reads one table by its keys. Rows are frozen and shared: a `Date` or `Buffer` in them is a fresh copy at each access.
 *
 * `Key` is the value of a one-column primary key or an object of exactly one unique key's columns; `Prefix` an object of
 * the leading columns of an index. What is no such key rejects with `InvalidKeyError`, for that caller alone.
 */
export class Repository<Row, Key, Prefix> {
  readonly #parts: RepositoryParts
  // What hits need, at hand.
  readonly #counters: Counters
  readonly #view: CacheView
  readonly #scopes: CurrentScope
  /** Whether a scope keeps to what it has seen; an `immutable` table cannot show it anything else. */
  readonly #scoped: boolean

  /** @internal */
  constructor(parts: RepositoryParts) {
    this.#parts = parts
    this.#counters = parts.counters
    this.#view = parts.cache ?? NOTHING_CACHED
    this.#scopes = parts.scopes
    this.#scoped = parts.cache?.mode === 'versioned'
  }

  /** The row with this key, or `undefined`. Concurrent calls of the whole process become one statement. */
  findByKey(key: Key): Promise<Row | undefined> {
    // The hit path: nothing is encoded or allocated.
    const entry = lookUp(this.#hits(), key)
    if (entry === undefined) return this.#find(key)
    this.#counters.hits++
    return (entry.promise ?? promiseOf(entry)) as Promise<Row>
  }

  /** Like {@link findByKey}; rejects with `RowNotFoundError` where no row has the key. */
  async findByKeyOrThrow(key: Key): Promise<Row> {
    const row = await this.findByKey(key)
    if (row !== undefined) return row
    const { definition } = this.#parts.keys.resolve(key)
    throw new RowNotFoundError(
      this.#parts.table.name,
      definition.parts.map(({ name }) => name),
    )
  }

  /** One answer per key, in their order, `undefined` where no row has it. A bad key rejects the call, before anything is sent. */
  async findByKeys(keys: readonly Key[]): Promise<(Row | undefined)[]> {
    if (!Array.isArray(keys)) {
      throw new InvalidKeyError(this.#parts.table.name, 'findByKeys: expected an array of keys.')
    }
    const resolved = keys.map((key) => this.#parts.keys.resolve(key))
    return this.#parts.reader.findAll(resolved, this.#scope()) as Promise<(Row | undefined)[]>
  }

  /** The rows that have these values in the leading columns of an index, in primary-key order. */
  async findAllBy(columns: Prefix): Promise<readonly Row[]> {
    const key = this.#parts.keys.resolvePrefix(columns)
    return this.#parts.reader.list(key, this.#scope()) as Promise<readonly Row[]>
  }

  /** The row if the process-wide cache holds it: synchronous, never a statement, never an error. */
  peek(key: Key): Row | undefined {
    const { hits } = this.#view
    const entry = lookUp(hits, key) ?? this.#peekResolved(key, hits)
    if (entry === undefined) return undefined
    // Marks the row as in use.
    if (entry.promise === undefined) promiseOf(entry)
    return entry.row as Row
  }

  /**
   * Reads the whole table, by one statement, into the process-wide cache, and answers how many rows that were.
   * @throws ConfigurationError where the table is not cached, or has more rows than the cache's `maxRows`.
   */
  async preload(): Promise<number> {
    const { table, reader, cache } = this.#parts
    if (!cache) {
      throw new ConfigurationError(
        `${table.name}.preload(): the table is remembered per request only. Give it a mode: createRepositories({ cache: { ${JSON.stringify(table.name)}: 'immutable' } }).`,
      )
    }
    const entries = await reader.preload()
    if (entries) return entries.length
    throw tooLarge(`${table.name}.preload()`, cache, 'do without preload')
  }

  /**
   * Every row of a `versioned` table at one version, in primary-key order; from the process-wide cache once it was read.
   * @throws ConfigurationError for a table of another mode, and for one with more rows than the cache's `maxRows`.
   */
  async all(): Promise<readonly Row[]> {
    const { table, reader, cache } = this.#parts
    if (cache?.mode !== 'versioned') {
      throw new ConfigurationError(
        `${table.name}.all(): only a versioned table has it, for nothing else knows when a row was added. Set createRepositories({ cache: { ${JSON.stringify(table.name)}: 'versioned' } }), or use a Kysely query.`,
      )
    }
    const rows = await reader.all(this.#scope())
    if (rows) return rows as readonly Row[]
    throw tooLarge(`${table.name}.all()`, cache, 'use a Kysely query')
  }

  /** Makes the current request scope forget one key's row, or all of this table; without a scope there is nothing to forget. */
  clear(key?: Key): void {
    const resolved = key === undefined ? undefined : this.#parts.keys.resolve(key)
    this.#scope()?.clear(resolved)
  }

  /**
   * Gives the current request scope a row that was read elsewhere, for all its keys. What the scope has seen already
   * stays, as with DataLoader; without a scope nothing happens.
   */
  prime(row: Row): void {
    const { rowReader, keys, table } = this.#parts
    // What the caller holds stays the caller's own: JSON in it is neither frozen nor shared.
    const values = rowReader.columns.map((name) => ownCopy((row as Record<string, unknown>)[name]))
    const missing = rowReader.columns.filter((_, index) => values[index] === undefined)
    if (missing.length > 0) {
      throw new InvalidKeyError(
        table.name,
        `prime: expected a whole row, got one without ${missing.join(', ')}.`,
      )
    }
    const shared = rowReader.read(values, 0)
    if (!shared || !keys.keyOf(keys.definitions[0]!, shared))
      throw new InvalidKeyError(table.name, 'prime: expected a row with a primary key that can be asked for.')
    this.#scope()?.prime(shared)
  }

  /** What hits may be read from without a look at what the request remembers. */
  #hits(): HitIndex {
    const view = this.#view
    if (this.#scoped || view.divergedScopes > 0) {
      const scope = this.#scope()
      if (scope !== undefined) return this.#hitsIn(scope, view)
    }
    return view.hits
  }

  #hitsIn(scope: TableScope, view: CacheView): HitIndex {
    if (this.#scoped) return this.#parts.cache!.refusing ? EMPTY_INDEX : scope.held.hits
    return scope.held.direct ? view.hits : EMPTY_INDEX
  }

  /** For keys that are not held as they are: another spelling, or what is not held at all. */
  #find(key: Key): Promise<Row | undefined> {
    try {
      return this.#parts.reader.find(this.#parts.keys.resolve(key), this.#scope()) as Promise<Row | undefined>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #peekResolved(key: Key, hits: HitIndex): Entry | undefined {
    if (hits === EMPTY_INDEX) return undefined
    try {
      return this.#parts.cache!.current.find(this.#parts.keys.resolve(key))
    } catch {
      return undefined
    }
  }

  /** What the current request remembers of the table; undefined outside requests. */
  #scope(): TableScope | undefined {
    return this.#scopes.getStore()?.table(this.#parts)
  }
}

/** By the key as it is: nothing is encoded. */
function lookUp(hits: HitIndex, key: unknown): Entry | undefined {
  return typeof key === 'object' && key !== null ? hits.find(key) : hits.byPrimaryKey.get(key)
}

function tooLarge(call: string, { maxRows }: ProcessCache, instead: string): ConfigurationError {
  return new ConfigurationError(
    `${call}: the table has more than maxRows = ${maxRows} rows. Raise maxRows in createRepositories({ cache }), or ${instead}.`,
  )
}

function ownCopy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value
}

/** A repository with what writes; not in the class, for an `immutable` table has no updates. */
export function createRepository(parts: RepositoryParts, writes: object) {
  return Object.assign(new Repository<unknown, unknown, unknown>(parts), writes)
}
