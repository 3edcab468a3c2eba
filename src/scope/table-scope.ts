import type { Entry } from '../cache/generation.ts'
import type { ProcessCache } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'
import { LookupError } from '../errors.ts'
import { type Identity, tokensOf } from '../keys/identity.ts'
import { isOwnKey, type Key, type KeyDefinition, type TableKeys } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import type { Row } from '../rows/row.ts'
import { IdentityMap } from './identity-map.ts'
import { PinnedGeneration } from './pinned-generation.ts'
import { type KeyBatch, MAX_REMEMBERED, ScopeLoader } from './scope-loader.ts'

/** Where a scope loads what neither it nor the process holds. */
export interface KeySource {
  rowsBy(definition: KeyDefinition): KeyBatch<Entry | undefined>
  listsBy(definition: KeyDefinition): KeyBatch<readonly Entry[]>
}

/** What a scope needs of a table. */
export interface ScopedTable {
  /** Its place among the tables of the process. */
  readonly position: number
  readonly table: Pick<TableMetadata, 'name'>
  readonly keys: TableKeys
  readonly source: KeySource
  readonly counters: Counters
  /** The process-wide cache in front of the scope; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
}

const NOTHING_SEEN: ReadonlyMap<unknown, Promise<never>> = new Map()

/** What one scope remembers of one table: a key is asked once, and a row is one object. */
export class TableScope {
  /** What it reads of the process, where the process holds anything. */
  readonly held: PinnedGeneration | undefined
  readonly #table: ScopedTable
  /** Once something was asked again: the answers by primary key, perhaps still on their way. Repeated reads look here first. */
  seen: ReadonlyMap<unknown, Promise<Row | undefined>> = NOTHING_SEEN
  // Made when they are needed: a scope that reads what the process holds remembers nothing.
  #answers: ScopeLoader<Entry | undefined, Row | undefined> | undefined
  #lists: ScopeLoader<readonly Entry[], readonly Row[]> | undefined
  /** Absent as long as each row was found by its own primary key alone: the answers have it under this key. */
  #rows: IdentityMap | undefined
  #all: Promise<readonly Row[] | undefined> | undefined
  /** Moves when loads under way are out of date. */
  #epoch = 0

  constructor(table: ScopedTable) {
    this.#table = table
    this.held = table.cache && new PinnedGeneration(table.cache)
  }

  /** Whether it was told to forget something: only the server knows what has changed. */
  get isCleared(): boolean {
    return this.#epoch > 0
  }

  /** The answer that the scope has for the key, perhaps on its way, also where it has seen the row by another key. */
  findAnswer(key: Key): Promise<Row | undefined> | undefined {
    const answer = this.#answers?.find(key)
    if (answer && key.definition.position === 0) this.seen = this.#answers!.promisesBy(key.definition)
    if (answer) return answer
    const row = this.#findSeen(key)
    return row && this.#rememberedRows().keep(key, row)
  }

  /** Remembers what the process holds for the key. */
  remember(key: Key, row: Row | undefined): Promise<Row | undefined> {
    return this.#rememberedRows().keep(key, row && this.#rowFor(key, row))
  }

  load(key: Key): Promise<Row | undefined> {
    return this.#rememberedRows().load(this.#fresh(key))
  }

  /** The program that cleared the scope may know of a change that a statement under way has not seen. */
  #fresh(key: Key): Key {
    return this.isCleared ? { ...key, fresh: true } : key
  }

  findList(key: Key): Promise<readonly Row[]> | undefined {
    return this.#lists?.find(key)
  }

  rememberList(key: Key, entries: readonly Entry[]): Promise<readonly Row[]> {
    return this.#rememberedLists().keep(key, this.#listFor(key, entries))
  }

  loadList(key: Key): Promise<readonly Row[]> {
    return this.#rememberedLists().load(this.#fresh(key))
  }

  /**
   * Every row of the table, of one version, which may be newer than that of rows the scope has seen; where it may be older,
   * these rows are as they were seen. Undefined where there are too many to hold. Asked once.
   */
  all(read: () => Promise<readonly Entry[] | undefined>): Promise<readonly Row[] | undefined> {
    if (!this.#all) {
      const answer = this.#readAll(read)
      this.#all = answer
      answer.catch(() => {
        if (this.#all === answer) this.#all = undefined
      })
    }
    return this.#all
  }

  async #readAll(read: () => Promise<readonly Entry[] | undefined>): Promise<readonly Row[] | undefined> {
    const epoch = this.#epoch
    const held = this.held?.all()
    const entries = held ?? (await read())
    if (!entries) return undefined
    const remembered = (held && this.held!.direct) || epoch !== this.#epoch
    if (remembered) return rowsOf(entries)
    const contradiction = this.#contradiction(entries)
    if (contradiction) throw contradiction
    const rows = entries.map(({ row }) => this.#same(row))
    return this.held?.isOrdered ? rowsOf(entries) : Object.freeze(rows)
  }

  /** Remembers a row under all its keys; what the scope has seen already stays. */
  prime(row: Row): void {
    this.#same(row)
  }

  /** Forgets one key's row under all its keys, or everything; lists are forgotten with it. */
  clear(key?: Key): void {
    this.#epoch++
    this.#lists = undefined
    this.#all = undefined
    this.held?.clear(key)
    if (!key) {
      this.seen = NOTHING_SEEN
      this.#rows = undefined
      this.#answers = undefined
      return
    }
    const row = this.#answers?.findSettled(key) ?? this.#findSeen(key)
    this.#answers?.forget(key)
    // What is on its way may be the row that is to be forgotten.
    this.#answers?.forgetUnsettled()
    if (!row) return
    this.#rows?.delete(row)
    this.#answers?.forgetAnswer(row)
  }

  #rememberedRows(): ScopeLoader<Entry | undefined, Row | undefined> {
    this.#answers ??= new ScopeLoader<Entry | undefined, Row | undefined>({
      batchOf: this.#table.source.rowsBy,
      epoch: () => this.#epoch,
      remember: (key, entry) => this.#contradiction([entry]) ?? this.#rowFor(key, entry?.row),
      answer: (entry) => entry?.row,
    })
    return this.#answers
  }

  #rememberedLists(): ScopeLoader<readonly Entry[], readonly Row[]> {
    this.#lists ??= new ScopeLoader<readonly Entry[], readonly Row[]>({
      batchOf: this.#table.source.listsBy,
      epoch: () => this.#epoch,
      remember: (key, entries) => this.#contradiction(entries) ?? this.#listFor(key, entries),
      answer: rowsOf,
    })
    return this.#lists
  }

  /** Where something that was read may have been answered otherwise before the scope's end, by what is not held any more. */
  #contradiction(read: readonly (Entry | undefined)[]): LookupError | undefined {
    if (!this.held?.hasForgotten()) return undefined
    const isSeen = (entry: Entry | undefined) => {
      if (!entry) return false
      const identity = this.#table.keys.identities.of(entry.row)
      return this.held!.findByIdentity(identity) !== undefined || this.#seen().has(entry.row, identity)
    }
    if (read.every(isSeen)) return undefined
    return new LookupError(
      'KYSELY_LOOKUP_SCOPE_ENDED',
      `${this.#table.table.name}: the request has ended, its table has changed since, and what the request has seen of it is not held any more. Read before the request ends, or in a scope of its own: $request or $forRequest.`,
    )
  }

  /** The row as the scope first saw it; undefined if the row did not have this key then. */
  #rowFor(key: Key, row: Row | undefined): Row | undefined {
    const answer = row && this.#asSeen(key, row)
    if (!answer && this.held && !this.held.isAbsent(key)) this.held.diverge()
    return answer
  }

  #listFor(key: Key, entries: readonly Entry[]): readonly Row[] {
    const rows = entries.map(({ row }) => this.#asSeen(key, row))
    return Object.freeze(rows.filter((row) => row !== undefined))
  }

  #asSeen(key: Key, row: Row): Row | undefined {
    const { definition, tokens: ownTokens } = key
    if (isOwnKey(key, row, this.#table.keys.identities)) return this.#same(row, ownTokens)
    const same = this.#same(row)
    if (same === row || definition.position === 0) return same
    const tokens = tokensOf(definition.parts, row)
    return tokensOf(definition.parts, same)?.every((token, index) => token === tokens?.[index])
      ? same
      : undefined
  }

  /**
   * One object for each row, whatever key it was found by; also if it came from the scope's generation before.
   * @param own its identity, where it was found by its own primary key
   */
  #same(row: Row, own?: Identity): Row {
    const identity = own ?? this.#table.keys.identities.of(row)
    const held = this.held?.findByIdentity(identity)?.row
    const first = held ?? row
    const same = own && !this.#rows ? first : this.#seen().keep(first, identity)
    if (same !== held) this.held?.diverge()
    return same
  }

  #findSeen(key: Key): Row | undefined {
    if (!this.#rows && (key.definition.position === 0 || !this.#answers)) return undefined
    return this.#seen().find(key)
  }

  #seen(): IdentityMap {
    if (this.#rows) return this.#rows
    const { keys } = this.#table
    this.#rows = new IdentityMap({ keys, maxRows: MAX_REMEMBERED })
    for (const row of this.#answers?.settledBy(keys.definitions[0]!) ?? []) {
      if (row) this.#rows.keep(row, keys.identities.of(row))
    }
    return this.#rows
  }
}

function rowsOf(entries: readonly Entry[]): readonly Row[] {
  return Object.freeze(entries.map(({ row }) => row))
}
