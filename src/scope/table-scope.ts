import { rowsOf } from '../cache/generation.ts'
import type { LookupError } from '../errors.ts'
import { haveSameTokens, type Identity, type Token } from '../keys/identity.ts'
import { isOwnKey, type Key, type KeyDefinition } from '../keys/key.ts'
import type { Entry, Row } from '../rows/row.ts'
import { contradictionOf } from './contradiction.ts'
import { IdentityMap } from './identity-map.ts'
import { PinnedGeneration } from './pinned-generation.ts'
import { answerOf, MAX_REMEMBERED, promiseOf, type Remembered, ScopeLoader } from './scope-loader.ts'
import type { ScopedTable } from './scoped-table.ts'
import type { Sharer } from './shared-rows.ts'

type SeenRows = ReadonlyMap<unknown, Remembered<Row | undefined>>
type RowLoader = ScopeLoader<Entry | undefined, Row | undefined>
type ListLoader = ScopeLoader<readonly Entry[], readonly Row[]>

const NOTHING_SEEN: SeenRows = new Map()

/** What one scope remembers of one table: a key is asked once, and a row is one object. */
export class TableScope implements Sharer {
  /** What it reads of the process, where the process holds anything. */
  readonly held: PinnedGeneration | undefined
  readonly #table: ScopedTable
  /** Once something was asked again: the answers by primary key, perhaps still on their way. Repeated reads look here first. */
  seen: SeenRows = NOTHING_SEEN
  // By the position of a key's definition, made when they are needed: a scope that reads what the process holds remembers nothing.
  #answers: (RowLoader | undefined)[] = []
  #lists: (ListLoader | undefined)[] = []
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
  findAnswer(key: Key): Remembered<Row | undefined> | undefined {
    const { position } = key.definition
    const answers = this.#answers[position]
    const answer = answers?.byToken.get(key.token)
    if (answer && position === 0) this.seen = answers!.byToken
    if (answer) return answer
    const row = this.#findSeen(key)
    return row && this.#rowsBy(key.definition).keep(key, row)
  }

  /** Remembers what the process holds for the key. */
  remember(key: Key, row: Row | undefined): Promise<Row | undefined> {
    return promiseOf(this.#rowsBy(key.definition).keep(key, row && this.#rowFor(key, row)))
  }

  /** For a key that it does not remember. */
  load(key: Key): Remembered<Row | undefined> {
    return this.#rowsBy(key.definition).load(this.#fresh(key))
  }

  /** The same where other requests may share the row. */
  loadShared(key: Key): Remembered<Row | undefined> {
    const asked = this.load(key)
    if (key.definition.position === 0 && this.#sharesRows()) this.#table.source.shared?.offer(key, asked)
    return asked
  }

  /** A row by the token of its primary key, where another request has asked for it and this one would be answered the same. */
  findShared(token: unknown): Promise<Row | undefined> | undefined {
    const { counters, source } = this.#table
    const shared = source.shared?.find(token)
    if (!shared || this.isCleared || this.#answers[0]?.byToken.has(token as Token)) return undefined
    const isJoined = !(shared.isOpen() && this.#sharesRows())
    if (isJoined && !shared.has(this)) return undefined
    if (!isJoined && shared.join(this)) counters.misses++
    else counters.scopeHits++
    return shared.row()
  }

  /** As long as it remembers nothing that the process does not hold. */
  #sharesRows(): boolean {
    return this.held?.direct === true && !this.isCleared
  }

  /** Remembers the row only where the process does not hold it. */
  adopt(key: Key, found: Entry | undefined): void {
    const isHeld = found && this.held!.direct && this.held!.find(key) === found
    if (!isHeld && !this.isCleared) this.#rowsBy(key.definition).keep(key, this.#rowFor(key, found?.row))
  }

  /** The program that cleared the scope may know of a change that a statement under way has not seen. */
  #fresh(key: Key): Key {
    return this.isCleared ? { ...key, fresh: true } : key
  }

  findList(key: Key): Promise<readonly Row[]> | undefined {
    const list = this.#lists[key.definition.position]?.byToken.get(key.token)
    return list && promiseOf(list)
  }

  rememberList(key: Key, entries: readonly Entry[]): Promise<readonly Row[]> {
    return promiseOf(this.#listsBy(key.definition).keep(key, this.#listFor(key, entries)))
  }

  loadList(key: Key): Promise<readonly Row[]> {
    return promiseOf(this.#listsBy(key.definition).load(this.#fresh(key)))
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
    if ((held && this.held!.direct) || epoch !== this.#epoch) return rowsOf(entries)
    const contradiction = this.#contradiction(entries)
    if (contradiction) throw contradiction
    const rows = entries.map(({ row }) => this.#same(row))
    return this.held?.isOrdered ? rowsOf(entries) : Object.freeze(rows)
  }

  /** Remembers a row under all its keys; what the scope has seen already, or waits for with others, stays. */
  prime(row: Row): void {
    const { keys, source } = this.#table
    const key = source.shared && keys.keyOf(keys.definitions[0]!, row)
    if (!key || !source.shared?.find(key.token)?.has(this)) this.#same(row)
  }

  /** Forgets one key's row under all its keys, or everything; lists are forgotten with it. */
  clear(key?: Key): void {
    this.#epoch++
    this.#lists = []
    this.#all = undefined
    this.held?.clear(key)
    if (!key) {
      this.seen = NOTHING_SEEN
      this.#rows = undefined
      this.#answers = []
      return
    }
    const answers = this.#answers[key.definition.position]?.byToken
    const seen = answers?.get(key.token)
    const row = (seen?.isSettled() && answerOf(seen)) || this.#findSeen(key)
    answers?.delete(key.token)
    // What is on its way may be the row that is to be forgotten.
    for (const others of this.#answers)
      others?.forgetIf((one) => !one.isSettled() || (row !== undefined && one.answer === row))
    if (row) this.#rows?.delete(row)
  }

  /** The scope has ended: the process need not keep anything for it any more. */
  close(): void {
    this.#table.counters.scopes--
    this.held?.close()
  }

  #rowsBy(definition: KeyDefinition): RowLoader {
    const shared = definition.position === 0 ? this.#table.source.shared : undefined
    this.#answers[definition.position] ??= new ScopeLoader<Entry | undefined, Row | undefined>({
      batch: this.#table.source.rowsBy(definition),
      epoch: () => this.#epoch,
      remember: (key, entry) =>
        (this.held?.hasForgotten() && this.#contradiction([entry])) || this.#rowFor(key, entry?.row),
      answer: (entry) => entry?.row,
      ...(shared && { found: (key, one, found) => shared.settle(key, one, found) }),
    })
    return this.#answers[definition.position]!
  }

  #listsBy(definition: KeyDefinition): ListLoader {
    this.#lists[definition.position] ??= new ScopeLoader<readonly Entry[], readonly Row[]>({
      batch: this.#table.source.listsBy(definition),
      epoch: () => this.#epoch,
      remember: (key, entries) => this.#contradiction(entries) ?? this.#listFor(key, entries),
      answer: rowsOf,
    })
    return this.#lists[definition.position]!
  }

  #contradiction(read: readonly (Entry | undefined)[]): LookupError | undefined {
    const { keys, table } = this.#table
    if (!this.held?.hasForgotten()) return undefined
    return contradictionOf(read, { keys, held: this.held, seen: this.#seen(), table: table.name })
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
    return haveSameTokens(definition.parts, row, same) ? same : undefined
  }

  /**
   * One object for each row, whatever key it was found by; also if it came from the scope's generation before.
   * @param own its identity, where it was found by its own primary key
   */
  #same(row: Row, own?: Identity): Row {
    const identity = own ?? this.#table.keys.identities.of(row)
    const held = this.held?.findByIdentity(identity)?.row
    const first = held ?? this.held?.findDropped(identity) ?? row
    const same = own && !this.#rows ? first : this.#seen().keep(first, identity)
    if (same !== held) this.held?.diverge()
    return same
  }

  #findSeen(key: Key): Row | undefined {
    if (!this.#rows && (key.definition.position === 0 || this.#answers.length === 0)) return undefined
    return this.#seen().find(key)
  }

  #seen(): IdentityMap {
    if (this.#rows) return this.#rows
    const answers = this.#answers[0]?.byToken.values() ?? []
    const rows = Array.from(answers, (one) => (one.isSettled() ? answerOf(one) : undefined))
    this.#rows = new IdentityMap({ keys: this.#table.keys, maxRows: MAX_REMEMBERED, rows })
    return this.#rows
  }
}
