import { type Entry, type Generation, type Hits, NO_HITS } from '../cache/generation.ts'
import { NOTHING_READABLE, type ProcessCache, type Readable } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'
import { ConfigurationError, InvalidKeyError, RowNotFoundError } from '../errors.ts'
import type { Key as ResolvedKey } from '../keys/key.ts'
import { readThrough } from '../loading/read-through.ts'
import { noteCaller } from '../loading/traced-batch.ts'
import type { TableMetadata } from '../metadata.ts'
import type { CurrentScope } from '../scope/request-scope.ts'
import type { ScopedTable, TableMemo } from '../scope/table-scope.ts'

/** What a repository is made of; assembled by `createRepositories`. */
export interface RepositoryParts extends ScopedTable {
  readonly table: TableMetadata
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
  readonly #readable: Readable
  readonly #scopes: CurrentScope
  /** Whether a scope keeps to what it has seen; an `immutable` table cannot show it anything else. */
  readonly #scoped: boolean

  /** @internal */
  constructor(parts: RepositoryParts) {
    this.#parts = parts
    this.#counters = parts.counters
    this.#readable = parts.cache ?? NOTHING_READABLE
    this.#scopes = parts.scopes
    this.#scoped = parts.cache?.mode === 'versioned'
  }

  /** The row with this key, or `undefined`. Concurrent calls of the whole process become one statement. */
  findByKey(key: Key): Promise<Row | undefined> {
    // The hit path: nothing is encoded or allocated.
    const entry = lookUp(this.#hits(), key)
    return entry === undefined ? this.#findUnlike(key) : this.#hit(entry)
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
    const memo = this.#memo()
    if (memo === undefined && resolved.every(({ definition }) => definition === resolved[0]!.definition)) {
      return this.#findAll(resolved)
    }
    return Promise.all(resolved.map((key) => this.#find(key)))
  }

  /** The rows that have these values in the leading columns of an index, in primary-key order. */
  async findAllBy(columns: Prefix): Promise<readonly Row[]> {
    const key = this.#parts.keys.resolvePrefix(columns)
    const memo = this.#memo()
    noteCaller(key)
    if (memo) return memo.list(key) as Promise<readonly Row[]>
    const held = this.#shared(memo)?.list(key)
    if (held) this.#counters.hits++
    const entries = held ?? (await this.#parts.source.list(key))
    return Object.freeze(entries.map((entry) => entry.row as Row))
  }

  /** The row if the process-wide cache holds it: synchronous, never a statement, never an error. */
  peek(key: Key): Row | undefined {
    const { peeks } = this.#readable
    const entry = lookUp(peeks, key) ?? this.#peekUnlike(key, peeks)
    if (entry === undefined) return undefined
    if (entry.promise === undefined) promiseOf(entry)
    return entry.row as Row
  }

  /**
   * Reads the whole table, by one statement, into the process-wide cache, and answers how many rows that were.
   * @throws ConfigurationError where the table is not cached, or has more rows than the cache's `maxRows`.
   */
  async preload(): Promise<number> {
    const { table, source, cache } = this.#parts
    if (!cache) {
      throw new ConfigurationError(
        `${table.name}.preload(): the table is remembered per request only. Give it a mode: createRepositories({ cache: { ${JSON.stringify(table.name)}: 'immutable' } }).`,
      )
    }
    const entries = await source.all()
    if (entries) return entries.length
    throw tooLarge(`${table.name}.preload()`, cache, 'do without preload')
  }

  /**
   * Every row of a `versioned` table at one version, in primary-key order; from the process-wide cache once it was read.
   * @throws ConfigurationError for a table of another mode, and for one with more rows than the cache's `maxRows`.
   */
  async all(): Promise<readonly Row[]> {
    const { table, source, cache } = this.#parts
    if (cache?.mode !== 'versioned') {
      throw new ConfigurationError(
        `${table.name}.all(): only a versioned table has it, for nothing else knows when a row was added. Set createRepositories({ cache: { ${JSON.stringify(table.name)}: 'versioned' } }), or use a Kysely query.`,
      )
    }
    const memo = this.#memo()
    const held = memo || cache.refusing ? undefined : cache.current.all
    const rows = memo ? await memo.all() : (held ?? (await source.all()))?.map((entry) => entry.row)
    if (rows) return Object.freeze(rows) as readonly Row[]
    throw tooLarge(`${table.name}.all()`, cache, 'use a Kysely query')
  }

  /** Makes the current request scope forget one key's row, or all of this table; without a scope there is nothing to forget. */
  clear(key?: Key): void {
    const resolved = key === undefined ? undefined : this.#parts.keys.resolve(key)
    this.#memo()?.clear(resolved)
  }

  /**
   * Gives the current request scope a row that was read elsewhere, for all its keys. What the scope has seen already
   * stays, as with DataLoader; without a scope nothing happens.
   */
  prime(row: Row): void {
    const { reader, keys, table } = this.#parts
    // What the caller holds stays the caller's own: JSON in it is neither frozen nor shared.
    const values = reader.columns.map((name) => ownCopy((row as Record<string, unknown>)[name]))
    const missing = reader.columns.filter((_, index) => values[index] === undefined)
    if (missing.length > 0) {
      throw new InvalidKeyError(
        table.name,
        `prime: expected a whole row, got one without ${missing.join(', ')}.`,
      )
    }
    const shared = reader.read(values, 0)
    if (!shared || !keys.keyOf(keys.definitions[0]!, shared))
      throw new InvalidKeyError(table.name, 'prime: expected a row with a primary key that can be asked for.')
    this.#memo()?.prime(shared)
  }

  /** What hits may be read from without a look at what the scope has seen. */
  #hits(): Hits {
    if (this.#scoped) {
      const scope = this.#scopes.getStore()
      if (scope !== undefined) return this.#parts.cache!.refusing ? NO_HITS : scope.memo(this.#parts).hits
    }
    return this.#readable.hits
  }

  #hit(entry: Entry): Promise<Row> {
    this.#counters.hits++
    return (entry.promise ?? promiseOf(entry)) as Promise<Row>
  }

  /** For keys that are not held as they are: another spelling, or what is not held at all. */
  #findUnlike(key: Key): Promise<Row | undefined> {
    try {
      return this.#find(this.#parts.keys.resolve(key))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #peekUnlike(key: Key, peeks: Hits): Entry | undefined {
    if (peeks === NO_HITS) return undefined
    try {
      return this.#parts.cache!.current.find(this.#parts.keys.resolve(key))
    } catch {
      return undefined
    }
  }

  #find(key: ResolvedKey): Promise<Row | undefined> {
    const memo = this.#memo()
    if (memo?.has(key)) {
      this.#counters.scopeHits++
      return memo.load(key) as Promise<Row | undefined>
    }
    const shared = this.#shared(memo)
    const entry = shared?.find(key)
    if (entry) return this.#hit(entry)
    noteCaller(key)
    if (memo) return memo.load(key) as Promise<Row | undefined>
    if (shared?.isAbsent(key)) {
      this.#counters.hits++
      return Promise.resolve(undefined)
    }
    return this.#parts.source.load(key).then(rowOf) as Promise<Row | undefined>
  }

  /** Outside scopes, where nothing is remembered for each key: one promise for all of them. */
  async #findAll(keys: readonly ResolvedKey[]): Promise<(Row | undefined)[]> {
    const { source, counters } = this.#parts
    const held = this.#shared(undefined)
    const found = await readThrough(keys, { held, source, counters, missed: noteCaller })
    return found.map((entry) => {
      if (entry instanceof Error) throw entry
      return entry?.row as Row | undefined
    })
  }

  /** What the process holds that is answered as it is. */
  #shared(memo: TableMemo | undefined): Generation | undefined {
    const cache = this.#parts.cache
    if (cache === undefined || cache.refusing) return undefined
    return memo && this.#scoped ? memo.direct : cache.current
  }

  #memo(): TableMemo | undefined {
    return this.#scopes.getStore()?.memo(this.#parts)
  }
}

/** As the key is: nothing is encoded. */
function lookUp(hits: Hits, key: unknown): Entry | undefined {
  return typeof key === 'object' && key !== null ? hits.find(key) : hits.raw.get(key)
}

function promiseOf(entry: Entry): Promise<object> {
  entry.promise = Promise.resolve(entry.row)
  return entry.promise
}

function tooLarge(call: string, { maxRows }: ProcessCache, instead: string): ConfigurationError {
  return new ConfigurationError(
    `${call}: the table has more than maxRows = ${maxRows} rows. Raise maxRows in createRepositories({ cache }), or ${instead}.`,
  )
}

function rowOf(entry: Entry | undefined) {
  return entry?.row
}

function ownCopy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value
}
