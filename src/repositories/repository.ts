import { EMPTY_INDEX, findHit, type HitIndex, promiseOf } from '../cache/generation.ts'
import { type CacheView, NOTHING_CACHED } from '../cache/shared-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { NullableKey } from '../keys/key-parts.ts'
import { ABSENT, NO_ROWS } from '../loading/way-of-a-key.ts'
import type { CurrentScope } from '../scope/request-scope.ts'
import { promiseOf as promiseOfAnswer } from '../scope/scope-loader.ts'
import type { TableScope } from '../scope/table-scope.ts'
import { peekElsewhere, peekResolved } from './peek.ts'
import { primedRow } from './primed-row.ts'
import { type Detour, NO_DETOUR, type RepositoryParts } from './repository-parts.ts'
import { preloadTable, readWholeTable } from './whole-table.ts'

/**
 * Reads one table by its keys. Rows are deeply frozen and shared; a `Date` or `Buffer` in them is a fresh copy at each access.
 *
 * `Key` is the value of a one-column primary key, or an object with exactly the columns of a unique key. `Prefix` is an object with
 * the leading columns of an index. Besides the errors named below, a read rejects with a `ConfigurationError` if the setup is wrong, a
 * `LookupTimeoutError` after `timeout`, an `UnrepresentableValueError`, or the server's error.
 *
 * @example
 * ```ts
 * const isRepository = repos.country instanceof Repository
 * ```
 */
export class Repository<Row, Key, Prefix> {
  readonly #parts: RepositoryParts
  // What hits need, at hand.
  readonly #counters: Counters
  readonly #view: CacheView
  readonly #scopes: CurrentScope
  /** Whether a scope keeps to what it has seen; an `immutable` table cannot show it anything else. */
  readonly #scoped: boolean
  readonly #rawType: RepositoryParts['keys']['rawType']
  readonly #switch: Detour['switch']
  readonly #detour: Detour | undefined

  /** @internal */
  constructor(parts: RepositoryParts, detour?: Detour) {
    this.#parts = parts
    this.#counters = parts.counters
    this.#view = parts.cache ?? NOTHING_CACHED
    this.#scopes = parts.scopes
    this.#rawType = parts.keys.rawType
    this.#switch = detour?.switch ?? NO_DETOUR
    this.#detour = detour
    this.#scoped = parts.cache !== undefined && parts.cache.mode !== 'immutable'
  }

  /**
   * Finds the row with this key; `undefined` if there is none, as for a key that is `null` or has a part that is. Concurrent calls in
   * the process share a statement.
   *
   * @example
   * ```ts
   * const france = await repos.country.findByKey('FR')
   * const same = await repos.country.findByKey({ alpha3: 'FRA' }) // any unique key
   * ```
   * @throws InvalidKeyError if the key is not of the column's type, for this caller only.
   */
  findByKey(key: NullableKey<Key>): Promise<Row | undefined> {
    if (this.#switch.on) return this.#findElsewhere(key)
    // The hit path: nothing is encoded or allocated.
    const view = this.#view
    const scope = this.#scoped || view.divergedScopes > 0 ? this.#scope() : undefined
    const hits = scope === undefined ? view.hits : this.#hitsIn(scope, view)
    const entry = hits === EMPTY_INDEX ? undefined : findHit(hits, key)
    if (entry === undefined) return this.#findAgain(key, scope ?? this.#scope())
    this.#counters.hits++
    return (entry.promise ?? promiseOf(entry)) as Promise<Row>
  }

  /**
   * Finds the row with this key.
   *
   * @example
   * ```ts
   * const { name } = await repos.country.findByKeyOrThrow('FR')
   * ```
   * @throws RowNotFoundError if no row has the key, and what {@link findByKey} throws.
   */
  async findByKeyOrThrow(key: NullableKey<Key>): Promise<Row> {
    const row = await this.findByKey(key)
    if (row !== undefined) return row
    throw this.#parts.keys.notFound(key)
  }

  /**
   * Finds a row for each key, in the order of the keys; `undefined` for a key without a row, or that is `null`.
   *
   * @example
   * ```ts
   * const [paris, nothing] = await repos.city.findByKeys([2988507, 1])
   * ```
   * @throws InvalidKeyError if a key is not of the column's type, before anything is sent.
   */
  async findByKeys(keys: readonly NullableKey<Key>[]): Promise<(Row | undefined)[]> {
    if (this.#switch.on) return this.#elsewhere((one) => one.findByKeys(keys))
    const resolved = this.#parts.keys.resolveAll(keys)
    return this.#parts.reader.findAll(resolved, this.#scope()) as Promise<(Row | undefined)[]>
  }

  /**
   * Finds the rows with these values in the leading columns of an index, in primary-key order; none for a value that is `null`.
   *
   * @example
   * ```ts
   * const french = await repos.city.findAllBy({ country_code: 'FR' })
   * ```
   * @throws InvalidKeyError if a value is not of its column's type, or the columns do not lead an index.
   */
  async findAllBy(columns: NullableKey<Prefix>): Promise<readonly Row[]> {
    if (this.#switch.on) return this.#elsewhere((one) => one.findAllBy(columns))
    const key = this.#parts.keys.resolvePrefix(columns)
    if (!key) return NO_ROWS as readonly Row[]
    return this.#parts.reader.list(key, this.#scope()) as Promise<readonly Row[]>
  }

  /**
   * Returns the row if the process-wide cache holds it, or a store that answers at once. Synchronous; sends nothing. Never throws.
   *
   * @example
   * ```ts
   * const name = repos.country.peek('FR')?.name ?? 'FR'
   * ```
   */
  peek(key: NullableKey<Key>): Row | undefined {
    if (this.#switch.on) return peekElsewhere(this.#detour!, key) as Row | undefined
    const { peeks } = this.#view
    const entry = findHit(peeks, key) ?? peekResolved(this.#parts, { key, peeks })
    if (entry === undefined) return undefined
    // Marks the row as in use. A look at the promise itself would wait for memory.
    if (entry.promise === undefined || entry.promise === null) promiseOf(entry)
    return entry.row as Row
  }

  /**
   * Reads the whole table into the process-wide cache; see {@link Preload}.
   *
   * @example
   * ```ts
   * await repos.country.preload()
   * ```
   * @throws ConfigurationError if the table is not cached, or has more rows than `maxRows`.
   */
  async preload(): Promise<number> {
    return await preloadTable(this.#parts)
  }

  /**
   * Resolves to every row of a `versioned` or `expiring` table; see {@link WholeTable}.
   *
   * @example
   * ```ts
   * const countries = await repos.country.all()
   * ```
   * @throws ConfigurationError if the table is neither, or has more rows than `maxRows`.
   */
  async all(): Promise<readonly Row[]> {
    if (this.#switch.on) return this.#elsewhere((one) => one.all())
    return (await readWholeTable(this.#parts, this.#scope())) as readonly Row[]
  }

  /**
   * Makes the current request scope forget the row of a key, or the whole table. Does nothing outside a scope.
   *
   * @example
   * ```ts
   * repos.currency.clear('EUR')
   * ```
   * @throws InvalidKeyError if the key is not of the column's type.
   */
  clear(key?: NullableKey<Key>): void {
    if (this.#switch.on) this.#detour!.now((one) => one.clear(key))
    else {
      const resolved = key === undefined ? undefined : this.#parts.keys.resolve(key)
      if (key === undefined || resolved) this.#scope()?.clear(resolved)
    }
  }

  /**
   * Gives the current request scope a row that you have read elsewhere, for all its keys. It does not replace what the scope has
   * already seen, as with DataLoader. Does nothing outside a scope.
   *
   * @example
   * ```ts
   * const page = await db.selectFrom('city').selectAll().orderBy('id').limit(100).execute()
   * for (const city of page) repos.city.prime(city)
   * ```
   * @throws InvalidKeyError if a column is missing, or the row's primary key cannot be a key.
   */
  prime(row: Row): void {
    if (this.#switch.on) this.#detour!.now((one) => one.prime(row))
    else {
      // Checked outside a scope too: a wrong row is refused wherever it is given.
      const primed = primedRow(row as Record<string, unknown>, this.#parts)
      this.#scope()?.prime(primed)
    }
  }

  #elsewhere<Result>(work: (one: Repository<Row, Key, Prefix>) => Promise<Result>): Promise<Result> {
    return this.#detour!.call((one) => work(one as Repository<Row, Key, Prefix>))
  }

  /** Apart from the hit path, on which a closure over the key would allocate. */
  #findElsewhere(key: NullableKey<Key>): Promise<Row | undefined> {
    return this.#elsewhere((one) => one.findByKey(key))
  }

  /** What hits may be read from without a look at what the request remembers. */
  #hitsIn(scope: TableScope, view: CacheView): HitIndex {
    const held = scope.held!
    if (this.#scoped) return view.refusing ? EMPTY_INDEX : (held.hits ?? held.firstHits())
    return held.direct ? view.hits : EMPTY_INDEX
  }

  /** A key as a request has asked for it before is its own token. */
  #findAgain(key: NullableKey<Key>, scope: TableScope | undefined): Promise<Row | undefined> {
    if (scope === undefined || typeof key !== this.#rawType) return this.#find(key, scope)
    const seen = scope.seen.get(key)
    if (seen === undefined) {
      const shared = scope.findShared(key) as Promise<Row | undefined> | undefined
      return shared ?? this.#find(key, scope)
    }
    this.#counters.scopeHits++
    return (seen.promise ?? promiseOfAnswer(seen)) as Promise<Row | undefined>
  }

  /** For keys that are not held as they are: another spelling, or what is not held at all. */
  #find(key: NullableKey<Key>, scope: TableScope | undefined): Promise<Row | undefined> {
    try {
      const resolved = this.#parts.keys.resolve(key)
      if (!resolved) return ABSENT
      return this.#parts.reader.find(resolved, scope) as Promise<Row | undefined>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** What the current request remembers of the table; undefined outside requests. */
  #scope(): TableScope | undefined {
    return this.#scopes.getStore()?.table(this.#parts)
  }
}
