import type { Counters } from './events.ts'
import type { Entry, Generation } from './generation.ts'
import type { Key, KeyDefinition, TableKeys, Token } from './key.ts'
import { type Answers, createLoader, dropOldest, type Loader } from './memo-loader.ts'
import type { ProcessCache } from './process-cache.ts'
import type { Row, RowReader } from './row.ts'
import type { RowSource } from './row-source.ts'

/** What a scope needs of a table. */
export interface ScopedTable {
  readonly keys: TableKeys
  readonly reader: RowReader
  readonly source: RowSource
  readonly counters: Counters
  /** The process-wide cache in front of the scope; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
}

const NOTHING = {}

/** One table's rows in one scope. Batching and memoizing are DataLoader's. */
export class TableMemo {
  readonly #table: ScopedTable
  readonly #rows = new Map<Token, Row>()
  readonly #answers = new Map<KeyDefinition, Answers<Row | undefined>>()
  /** Which row an answer held, so that a row can be forgotten under every key. */
  readonly #settled = new WeakMap<object, Row>()
  readonly #loaders = new Map<KeyDefinition, Loader<Row | undefined>>()
  readonly #lists = new Map<KeyDefinition, Answers<readonly Row[]>>()
  readonly #listLoaders = new Map<KeyDefinition, Loader<readonly Row[]>>()
  #all: Promise<readonly Row[] | undefined> | undefined
  #generation: Generation | undefined

  /** Moves when lists under way are out of date. */
  #era = 0
  #strayed = false
  #contradicting = false
  #open = true
  readonly #pinned: Generation[] = []

  constructor(table: ScopedTable) {
    this.#table = table
    table.counters.scopes++
  }

  /** The scope has ended. What still runs in it goes on with what it remembers. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#table.counters.scopes--
    if (this.#contradicting) this.#table.cache!.contradictions--
    this.#contradicting = false
    for (const generation of this.#pinned.splice(0)) generation.pins--
  }

  /**
   * Of a versioned table, the generation that the scope read first: what it has seen it keeps seeing, also when the
   * process has gone on to a newer one. Undefined until there is one, and while its answers may not be used.
   */
  get generation(): Generation | undefined {
    const { cache } = this.#table
    if (cache?.mode !== 'versioned' || cache.refusing) return undefined
    if (!this.#generation && cache.current.version !== undefined) {
      this.#generation = cache.current
      // The scope does not remember what it is answered from it.
      if (!this.#generation.full && this.#open) this.#pin(this.#generation)
    }
    return this.#generation
  }

  #pin(generation: Generation): void {
    generation.pins++
    this.#pinned.push(generation)
  }

  /** Whether the scope was answered what its generation does not hold, so that it must be asked first. */
  get strayed(): boolean {
    return this.#strayed
  }

  /** Whether the scope has an answer for the key already, perhaps one on its way. */
  has({ definition, token }: Key): boolean {
    return this.#answers.get(definition)?.has(token) ?? false
  }

  load(key: Key): Promise<Row | undefined> {
    const answer = this.#loader(key.definition).load(key)
    dropOldest(this.#answers.get(key.definition)!)
    return answer
  }

  list(key: Key): Promise<readonly Row[]> {
    const { definition } = key
    let loader = this.#listLoaders.get(definition)
    if (!loader) {
      const answers: Answers<readonly Row[]> = new Map()
      loader = createLoader(answers, async (asked) => {
        const era = this.#era
        const entries = this.generation?.list(asked) ?? (await this.#table.source.list(asked))
        return this.#rowsOf(entries, era)
      })
      this.#listLoaders.set(definition, loader)
      this.#lists.set(definition, answers)
    }
    const answer = loader.load(key)
    dropOldest(this.#lists.get(definition)!)
    return answer
  }

  /** Every row of the table; undefined where there are more than `limit`. Asked once. */
  all(limit: number): Promise<readonly Row[] | undefined> {
    if (!this.#all) {
      const answer = this.#readAll(limit)
      this.#all = answer
      answer.catch(() => {
        if (this.#all === answer) this.#all = undefined
      })
    }
    return this.#all
  }

  async #readAll(limit: number): Promise<readonly Row[] | undefined> {
    const era = this.#era
    const entries = this.generation?.all ?? (await this.#table.source.all(limit))
    return entries && this.#rowsOf(entries, era)
  }

  /** What was read before the scope was told to forget must not come back into it. */
  #rowsOf(entries: readonly Entry[], era: number): readonly Row[] {
    return Object.freeze(entries.map((entry) => (era === this.#era ? this.#same(entry) : entry.row)))
  }

  /** Remembers a row under all its keys; what the scope has seen already stays. */
  prime(entry: Entry): void {
    const row = this.#same(entry)
    for (const definition of this.#table.keys.definitions) this.#prime(definition, row)
  }

  /** Forgets one key's row under all its keys, or everything; lists are forgotten with it. */
  clear(key?: Key): void {
    this.#era++
    this.#listLoaders.clear()
    this.#lists.clear()
    this.#all = undefined
    if (!key) {
      this.#generation = undefined
      this.#strayed = false
      this.#rows.clear()
      this.#answers.clear()
      this.#loaders.clear()
      return
    }
    const row = this.#settled.get(this.#answerTo(key) ?? NOTHING)
    this.#answers.get(key.definition)?.delete(key.token)
    if (row) this.#forget(row)
  }

  #forget(row: Row): void {
    for (const [identity, seen] of this.#rows) if (seen === row) this.#rows.delete(identity)
    for (const answers of this.#answers.values()) {
      for (const [token, answer] of answers) if (this.#settled.get(answer) === row) answers.delete(token)
    }
  }

  #loader(definition: KeyDefinition): Loader<Row | undefined> {
    let loader = this.#loaders.get(definition)
    if (!loader) {
      const answers: Answers<Row | undefined> = new Map()
      this.#answers.set(definition, answers)
      loader = createLoader(answers, (key) => this.#read(key))
      this.#loaders.set(definition, loader)
    }
    return loader
  }

  async #read(key: Key): Promise<Row | undefined> {
    const { keys, source, cache } = this.#table
    const answer = this.#answerTo(key)
    const held = this.generation?.find(key)
    const entry = held ?? (this.generation?.isAbsent(key) ? undefined : await source.load(key))
    // Forgotten meanwhile, it must not come back.
    if (this.#answerTo(key) !== answer) return entry?.row
    if (!entry) {
      this.#rememberAbsence(key)
      return undefined
    }
    const row = this.#same(entry)
    this.#settle(key, row)
    // Rows of the generation that hits come from are found there by every key; others are remembered here.
    if (cache?.mode !== 'immutable' && this.generation?.rows.get(entry.identity) !== entry) {
      for (const definition of keys.definitions) {
        if (definition !== key.definition) this.#prime(definition, row)
      }
    }
    return row
  }

  #prime(definition: KeyDefinition, row: Row): void {
    const key = this.#table.keys.keyOf(definition, row)
    if (!key || this.has(key)) return
    this.#loader(definition).prime(key, row)
    this.#settle(key, row)
  }

  #settle(key: Key, row: Row): void {
    const answer = this.#answerTo(key)
    if (answer) this.#settled.set(answer, row)
  }

  #answerTo({ definition, token }: Key): Promise<Row | undefined> | undefined {
    return this.#answers.get(definition)?.get(token)
  }

  /** A row that the cache learns of later must not contradict what this scope has seen. */
  #rememberAbsence(key: Key): void {
    const { cache } = this.#table
    if (!this.generation?.isAbsent(key)) this.#strayed = true
    if (cache?.mode !== 'immutable' || this.#contradicting || !this.#open) return
    this.#contradicting = true
    cache.contradictions++
  }

  /** By whichever key a row was found, the scope answers one object: also when it came from its generation before. */
  #same({ row, identity }: Entry): Row {
    const held = this.generation?.rows.get(identity)?.row
    const same = this.#rows.get(identity) ?? held ?? row
    this.#rows.set(identity, same)
    if (same !== held) this.#strayed = true
    dropOldest(this.#rows)
    return same
  }
}
