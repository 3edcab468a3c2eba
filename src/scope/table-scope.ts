import type { Entry } from '../cache/generation.ts'
import type { ProcessCache } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'
import { tokensOf } from '../keys/identity.ts'
import type { Key, KeyDefinition, TableKeys } from '../keys/key.ts'
import type { Row } from '../rows/row.ts'
import { IdentityMap } from './identity-map.ts'
import { PinnedGeneration } from './pinned-generation.ts'
import { MAX_REMEMBERED, ScopeLoader } from './scope-loader.ts'

/** Where a scope loads what neither it nor the process holds. Each answers in the order of the keys, and never rejects. */
export interface KeySource {
  loadRows(keys: readonly Key[]): Promise<readonly (Entry | undefined | Error)[]>
  loadLists(keys: readonly Key[]): Promise<readonly (readonly Entry[] | Error)[]>
  /** Calls back at the end of the turn, just before such keys are sent. */
  beforeSending(definition: KeyDefinition, gather: () => void): void
}

/** What a scope needs of a table. */
export interface ScopedTable {
  /** Its place among the tables of the process. */
  readonly position: number
  readonly keys: TableKeys
  readonly source: KeySource
  readonly counters: Counters
  /** The process-wide cache in front of the scope; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
}

/** What one scope remembers of one table: a key is asked once, and a row is one object. */
export class TableScope {
  /** What it reads of the process. */
  readonly held: PinnedGeneration
  readonly #table: ScopedTable
  // Made when they are needed: a scope that reads what the process holds remembers nothing.
  #rows: IdentityMap | undefined
  #answers: ScopeLoader<Row | undefined> | undefined
  #lists: ScopeLoader<readonly Row[]> | undefined
  #all: Promise<readonly Row[] | undefined> | undefined
  /** Moves when loads under way are out of date. */
  #epoch = 0

  constructor(table: ScopedTable) {
    this.#table = table
    this.held = new PinnedGeneration(table)
  }

  /** The answer that the scope has for the key, perhaps on its way, also where it has seen the row by another key. */
  findAnswer(key: Key): Promise<Row | undefined> | undefined {
    const answer = this.#answers?.find(key)
    if (answer || !this.#rows) return answer
    const row = this.#rows.find(key)
    return row && this.#rememberedRows().keep(key, row)
  }

  /** Remembers what the process holds for the key. */
  remember(key: Key, row: Row | undefined): Promise<Row | undefined> {
    return this.#rememberedRows().keep(key, row && this.#rowFor(key, row))
  }

  load(key: Key): Promise<Row | undefined> {
    return this.#rememberedRows().load(this.#fresh(key))
  }

  /** Whoever cleared the scope may know of a change that a statement under way has not seen. */
  #fresh(key: Key): Key {
    return this.#epoch === 0 ? key : { ...key, fresh: true }
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
    const held = this.held.all()
    const entries = held ?? (await read())
    if (!entries) return undefined
    const remembered = (held && this.held.direct) || epoch !== this.#epoch
    if (remembered) return rowsOf(entries)
    const rows = entries.map(({ row }) => this.#same(row))
    return this.held.isOrdered ? rowsOf(entries) : Object.freeze(rows)
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
    this.held.clear(key)
    if (!key) {
      this.#rows = undefined
      this.#answers = undefined
      return
    }
    const row = this.#answers?.findSettled(key) ?? this.#rows?.find(key)
    this.#answers?.forget(key)
    // What is on its way may be the row that is to be forgotten.
    this.#answers?.forgetUnsettled()
    if (!row) return
    this.#rows?.delete(row)
    this.#answers?.forgetAnswer(row)
  }

  #rememberedRows(): ScopeLoader<Row | undefined> {
    const { beforeSending } = this.#table.source
    this.#answers ??= new ScopeLoader({
      load: (keys) => this.#loadRows(keys),
      schedule: beforeSending,
    })
    return this.#answers
  }

  #rememberedLists(): ScopeLoader<readonly Row[]> {
    const { beforeSending } = this.#table.source
    this.#lists ??= new ScopeLoader({
      load: (keys) => this.#loadLists(keys),
      schedule: beforeSending,
    })
    return this.#lists
  }

  /** What was read before the scope was told to forget is answered, and not remembered. */
  async #loadRows(keys: readonly Key[]): Promise<(Row | undefined | Error)[]> {
    const epoch = this.#epoch
    const found = await this.#table.source.loadRows(keys)
    const current = epoch === this.#epoch
    return found.map((entry, index) => {
      if (entry instanceof Error) return entry
      return current ? this.#rowFor(keys[index]!, entry?.row) : entry?.row
    })
  }

  async #loadLists(keys: readonly Key[]): Promise<(readonly Row[] | Error)[]> {
    const epoch = this.#epoch
    const found = await this.#table.source.loadLists(keys)
    return found.map((entries, index) => {
      if (entries instanceof Error) return entries
      return epoch === this.#epoch ? this.#listFor(keys[index]!, entries) : rowsOf(entries)
    })
  }

  /** The row as the scope first saw it; undefined if the row did not have this key then. */
  #rowFor(key: Key, row: Row | undefined): Row | undefined {
    const answer = row && this.#asSeen(key, row)
    if (!answer && !this.held.isAbsent(key)) this.held.diverge()
    return answer
  }

  #listFor(key: Key, entries: readonly Entry[]): readonly Row[] {
    const rows = entries.map(({ row }) => this.#asSeen(key, row))
    return Object.freeze(rows.filter((row) => row !== undefined))
  }

  #asSeen({ definition }: Key, row: Row): Row | undefined {
    const same = this.#same(row)
    if (same === row || definition.position === 0) return same
    const tokens = tokensOf(definition.parts, row)
    return tokensOf(definition.parts, same)?.every((token, index) => token === tokens?.[index])
      ? same
      : undefined
  }

  /** One object for each row, by whichever key it was found: also when it came from the scope's generation before. */
  #same(row: Row): Row {
    const identity = this.#table.keys.identities.of(row)
    const held = this.held.findByIdentity(identity)?.row
    this.#rows ??= new IdentityMap({ keys: this.#table.keys, maxRows: MAX_REMEMBERED })
    const same = this.#rows.keep(held ?? row, identity)
    if (same !== held) this.held.diverge()
    return same
  }
}

function rowsOf(entries: readonly Entry[]): readonly Row[] {
  return Object.freeze(entries.map(({ row }) => row))
}
