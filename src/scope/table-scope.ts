import { type Entry, type Generation, type Hits, NO_HITS } from '../cache/generation.ts'
import type { ProcessCache } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { Key, KeyDefinition, TableKeys } from '../keys/key.ts'
import { readThrough } from '../loading/read-through.ts'
import type { RowSource } from '../loading/row-source.ts'
import type { Row, RowReader } from '../rows/row.ts'
import { ScopeHold } from './generation-lease.ts'
import { SeenRows } from './identity-map.ts'
import { type Remembered, rememberedOf } from './scope-loader.ts'

/** What a scope needs of a table. */
export interface ScopedTable {
  /** Its place among the tables of the process. */
  readonly position: number
  readonly keys: TableKeys
  readonly reader: RowReader
  readonly source: RowSource
  readonly counters: Counters
  /** The process-wide cache in front of the scope; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
}

/** One table's rows in one scope. Batching and memoizing are DataLoader's. */
export class TableMemo {
  /** What may be read without a look at what the scope has seen, which is all there is to most requests. */
  hits: Hits = NO_HITS
  readonly #table: ScopedTable
  // Made when they are needed: a scope that reads what the process holds remembers nothing.
  #seen: SeenRows | undefined
  #keys: Map<KeyDefinition, Remembered<Row | undefined>> | undefined
  #lists: Map<KeyDefinition, Remembered<readonly Row[]>> | undefined
  #all: Promise<readonly Row[] | undefined> | undefined
  #generation: Generation | undefined

  /** Moves when lists under way are out of date. */
  #era = 0
  /** Whether the scope was answered what its generation does not hold, so that it must be asked first. */
  #strayed = false
  readonly hold: ScopeHold

  constructor(table: ScopedTable) {
    this.#table = table
    this.hold = new ScopeHold(table)
  }

  /** The scope has ended. What still runs in it goes on with what it remembers. */
  close(): void {
    this.hits = NO_HITS
    this.hold.end()
  }

  /**
   * Of a versioned table, the generation that the scope read first: what it has seen it keeps seeing, also when the
   * process has gone on to a newer one. Undefined until there is one, and while its answers may not be used.
   */
  get generation(): Generation | undefined {
    const { cache } = this.#table
    if (cache?.mode !== 'versioned' || cache.refusing) return undefined
    if (!this.#generation && cache.current.version !== undefined) this.#enter(cache.current)
    return this.#generation
  }

  /** That generation, where the scope need not remember what it is answered from it. */
  get direct(): Generation | undefined {
    const { generation } = this
    return generation?.hits === this.hits ? generation : undefined
  }

  #enter(generation: Generation): void {
    this.#generation = generation
    // Where rows are dropped to make room, the scope must remember what it was answered.
    if (generation.isFull() || !this.hold.open) return
    this.hold.pin(generation)
    if (!this.#strayed) this.hits = generation.hits
  }

  #stray(): void {
    this.#strayed = true
    this.hits = NO_HITS
  }

  /** Whether the scope has an answer for the key already, perhaps one on its way, or has seen its row. */
  has(key: Key): boolean {
    return this.#answerTo(key) !== undefined || this.#seen?.find(key) !== undefined
  }

  load(key: Key): Promise<Row | undefined> {
    const remembered = this.#remembered(key.definition)
    const seen = remembered.answers.has(key.token) ? undefined : this.#seen?.find(key)
    if (seen) {
      remembered.prime(key, seen)
      remembered.keepRow(key, seen)
    }
    return remembered.load(key)
  }

  list(key: Key): Promise<readonly Row[]> {
    this.#lists ??= new Map()
    if (this.#lists.get(key.definition)?.answers.has(key.token)) this.#table.counters.scopeHits++
    const read = (keys: readonly Key[]) => Promise.all(keys.map((one) => this.#readList(one)))
    return rememberedOf(this.#lists, key.definition, read).load(key)
  }

  async #readList(key: Key): Promise<readonly Row[] | Error> {
    const era = this.#era
    try {
      const held = this.generation?.list(key)
      if (held) this.#table.counters.hits++
      return this.#rowsOf(held ?? (await this.#table.source.list(key)), era)
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error))
    }
  }

  /** Every row of the table; undefined where there are too many to hold. Asked once. */
  all(): Promise<readonly Row[] | undefined> {
    if (!this.#all) {
      const answer = this.#readAll()
      this.#all = answer
      answer.catch(() => {
        if (this.#all === answer) this.#all = undefined
      })
    }
    return this.#all
  }

  async #readAll(): Promise<readonly Row[] | undefined> {
    const era = this.#era
    const entries = this.generation?.all ?? (await this.#table.source.all())
    return entries && this.#rowsOf(entries, era)
  }

  /** What was read before the scope was told to forget must not come back into it. */
  #rowsOf(entries: readonly Entry[], era: number): readonly Row[] {
    return Object.freeze(entries.map((entry) => (era === this.#era ? this.#same(entry.row) : entry.row)))
  }

  /** Remembers a row under all its keys; what the scope has seen already stays. */
  prime(row: Row): void {
    this.#same(row)
  }

  /** Forgets one key's row under all its keys, or everything; lists are forgotten with it. */
  clear(key?: Key): void {
    this.#era++
    this.#lists = undefined
    this.#all = undefined
    if (!key) {
      this.#generation = undefined
      this.hits = NO_HITS
      this.#strayed = false
      this.#seen = undefined
      this.#keys = undefined
      return
    }
    const remembered = this.#keys?.get(key.definition)
    const row = remembered?.rowOf(key) ?? this.#seen?.find(key)
    remembered?.forget(key.token)
    if (row) this.#forget(row)
  }

  #forget(row: Row): void {
    this.#seen?.delete(row)
    for (const remembered of this.#keys?.values() ?? []) remembered.forgetRow(row)
  }

  #remembered(definition: KeyDefinition): Remembered<Row | undefined> {
    this.#keys ??= new Map()
    const known = this.#keys.get(definition)
    return known ?? rememberedOf(this.#keys, definition, (keys, asked) => this.#read(keys, asked))
  }

  /** @param keys of one definition. */
  async #read(
    keys: readonly Key[],
    asked: readonly (Promise<Row | undefined> | undefined)[],
  ): Promise<(Row | undefined | Error)[]> {
    const { definition } = keys[0]!
    const remembered = this.#remembered(definition)
    const { answers } = remembered
    const { source, counters } = this.#table
    const found = await readThrough(keys, { held: this.generation, source, counters })
    const forgotten = this.#keys?.get(definition) !== remembered
    return keys.map((key, index) => {
      const entry = found[index]
      if (entry instanceof Error) return entry
      // Forgotten meanwhile, it must not come back.
      if (forgotten || answers.get(key.token) !== asked[index]) return entry?.row
      if (!entry) {
        this.#rememberAbsence(key)
        return undefined
      }
      const row = this.#same(entry.row)
      remembered.keepRow(key, row)
      return row
    })
  }

  #answerTo({ definition, token }: Key): Promise<Row | undefined> | undefined {
    return this.#keys?.get(definition)?.answers.get(token)
  }

  /** A row that the cache learns of later must not contradict what this scope has seen. */
  #rememberAbsence(key: Key): void {
    const { cache } = this.#table
    if (!this.generation?.isAbsent(key)) this.#stray()
    if (cache?.mode === 'immutable') this.hold.contradict()
  }

  /** By whichever key a row was found, the scope answers one object: also when it came from its generation before. */
  #same(row: Row): Row {
    const held = this.generation?.heldLike(row)?.row
    this.#seen ??= new SeenRows(this.#table.keys)
    const same = this.#seen.keep(held ?? row)
    if (same !== held) this.#stray()
    return same
  }
}
