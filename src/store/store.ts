/**
 * What the entries of a namespace belong to: one table of one database, at one version. The address names the content: the same
 * address means the same rows. So nothing in a namespace is ever invalidated; another version has another namespace.
 *
 * @example
 * ```ts
 * const describe = ({ database, table, address }: StoreNamespace) => `${database}.${table} ${address.slice(0, 8)}`
 * ```
 */
export interface StoreNamespace {
  /** The database's name, to show. */
  readonly database: string
  /** The table's name, to show. */
  readonly table: string
  /** 32 hexadecimal digits. */
  readonly address: string
}

/**
 * One entry. Stores keep the bytes as they are; only this library reads them.
 *
 * @example
 * ```ts
 * const size = ({ key, value }: StoreEntry) => key.length + value.byteLength
 * ```
 */
export interface StoreEntry {
  /** Up to 400 characters. */
  readonly key: string
  /** From about 30 bytes for a row to several megabytes for a whole table. */
  readonly value: Uint8Array
}

/**
 * Keeps rows for other threads, processes and machines, and for the next start. `lmdbStore` and `redisStore` make one; others can
 * implement it.
 *
 * A store may forget anything at any time, and may answer what was written to a key of the namespace at any time before: an entry is
 * right for as long as its namespace exists. A store that fails may throw or reject: that is counted and taken for a miss.
 *
 * @example
 * ```ts
 * import { lmdbStore } from 'kysely-lookup/lmdb'
 *
 * const store: Store = lmdbStore({ path: '/var/cache/shop/lookups' })
 * ```
 */
export interface Store {
  /** What events and counters call it, such as `lmdb`. */
  readonly name: string
  /**
   * Milliseconds after which an entry is a miss, even if its version still stands. This limits how long a change is served that
   * bypassed the triggers.
   */
  readonly maxAge: number
  /** Milliseconds for which a version stands before its rows are written (default 5,000): nobody asks for what changes all the time. */
  readonly writeAfter?: number
  /**
   * Resolves once the store is open, or will not open. The first read waits for it.
   *
   * @example
   * ```ts
   * const open = (store: Store) => store.ready()
   * ```
   * @throws nothing: it never rejects.
   */
  ready(): Promise<void>
  /**
   * Reads one entry at once; `undefined` if it is not there. Absent from stores that cannot answer at once. The bytes need to last
   * until the next call only.
   *
   * @example
   * ```ts
   * const france = (store: Store, country: StoreNamespace) => store.readNow?.(country, 'r:FR')
   * ```
   * @throws what the store throws if it fails: taken for a miss.
   */
  readNow?(namespace: StoreNamespace, key: string): Uint8Array | undefined
  /**
   * Reads entries, in the order of the keys; `undefined` for what is not there.
   *
   * @example
   * ```ts
   * const two = (store: Store, country: StoreNamespace) => store.read(country, ['r:FR', 'r:DE'])
   * ```
   * @throws what the store throws if it fails: taken for misses.
   */
  read(namespace: StoreNamespace, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]>
  /**
   * Writes entries. Resolves when others can read them, or when they were dropped, as from a full store.
   *
   * @example
   * ```ts
   * const add = (store: Store, country: StoreNamespace, entry: StoreEntry) => store.write(country, [entry])
   * ```
   * @throws what the store throws if it fails: the entries are lost.
   */
  write(namespace: StoreNamespace, entries: readonly StoreEntry[]): Promise<void>
  /**
   * Resolves to whether the caller is the first to claim `name` within the last `lifetime` milliseconds. A claim only saves statements:
   * a caller without it waits a little for the entries of the one that has it. Absent from stores that cannot tell.
   *
   * @example
   * ```ts
   * const isFirst = (store: Store, country: StoreNamespace) => store.claim?.(country, 'r:FR', 50)
   * ```
   * @throws what the store throws if it fails: taken for a claim.
   */
  claim?(namespace: StoreNamespace, name: string, lifetime: number): Promise<boolean>
  /**
   * Forgets a namespace, or everything.
   *
   * @example
   * ```ts
   * const clear = (store: Store) => store.forget()
   * ```
   * @throws what the store throws if it fails.
   */
  forget(namespace?: StoreNamespace): Promise<void>
  /** What the processes of this machine tell each other; absent from stores that reach further. */
  readonly machine?: MachineRecords
  /**
   * Ends its work. What was being written may be lost.
   *
   * @example
   * ```ts
   * const end = (store: Store) => store.close()
   * ```
   * @throws what the store throws if it fails.
   */
  close(): Promise<void>
}

/**
 * Small texts that the processes of one machine share, such as what the last poll has seen.
 *
 * @example
 * ```ts
 * const last = (machine: MachineRecords) => machine.get('poll')
 * ```
 */
export interface MachineRecords {
  /**
   * Reads a text at once; `undefined` if there is none.
   *
   * @example
   * ```ts
   * const poll = (machine: MachineRecords) => machine.get('poll')
   * ```
   * @throws what the store throws if it fails: taken for no text.
   */
  get(name: string): string | undefined
  /**
   * Writes a text; the last one stays. Resolves when others can read it.
   *
   * @example
   * ```ts
   * const note = (machine: MachineRecords) => machine.put('poll', 'version 3')
   * ```
   * @throws what the store throws if it fails: the text is lost.
   */
  put(name: string, text: string): Promise<void>
}
