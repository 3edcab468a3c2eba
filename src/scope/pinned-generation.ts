import { EMPTY_INDEX, type Generation, type HeldAnswers, type HitIndex } from '../cache/generation.ts'
import type { ProcessCache } from '../cache/process-cache.ts'
import type { Identity } from '../keys/identity.ts'
import type { Key } from '../keys/key.ts'
import type { Entry, Row } from '../rows/row.ts'

/**
 * What one scope reads of the process. A versioned table shows it the generation that it read first: what a request has
 * seen it keeps seeing, also when the process has gone on to a newer one. An expiring table shows it what it holds at the
 * time, which the scope remembers.
 *
 * It leads to nothing that the scope remembers, so that a registry of abandoned scopes can keep it.
 */
export class PinnedGeneration {
  /** Of a versioned table, what may be answered without remembering it: most requests need nothing else. Undefined before the first read. */
  hits: HitIndex | undefined
  /** Whether what the process holds for the scope is answered as it is: the scope need not remember it. */
  direct: boolean
  /** Whether what the process answers is never older than what it has answered before. */
  readonly isOrdered: boolean
  readonly #cache: ProcessCache
  #open = true
  /** Their rows must not be dropped while the scope lasts, because it does not remember them itself. */
  #leased: Generation[] | undefined
  #pinned: Generation | undefined
  /** It has answered rows that the scope does not remember. */
  #unremembered: Generation | undefined
  #diverged = false
  /** What the scope was told to forget: it does not get that from the process. */
  #cleared: Key[] | undefined
  #refused: HeldAnswers | undefined

  constructor(cache: ProcessCache) {
    this.#cache = cache
    this.direct = cache.mode === 'immutable'
    this.isOrdered = cache.mode !== 'expiring'
  }

  find(key: Key): Entry | undefined {
    const generation = this.pin()
    const entry = generation?.find(key)
    return entry && this.#isCleared(generation!, entry) ? undefined : entry
  }

  /** None of an expiring table: another statement may have read its row than the one whose answer the scope has. */
  findByIdentity(identity: Identity): Entry | undefined {
    if (this.#cache.mode === 'expiring') return undefined
    const generation = this.pin() as Generation | undefined
    const entry = generation?.findByIdentity(identity)
    return entry && this.#isCleared(generation!, entry) ? undefined : entry
  }

  /** A row of an immutable table that the scope may have been answered, and does not remember. */
  findDropped(identity: Identity): Row | undefined {
    if (this.#cache.mode !== 'immutable' || this.#cleared) return undefined
    return (this.pin() as Generation | undefined)?.findDropped(identity)
  }

  isAbsent(key: Key): boolean {
    if (!this.pin()?.isAbsent(key)) return false
    return !this.#cleared?.some(
      ({ definition, token }) => definition === key.definition && token === key.token,
    )
  }

  list(key: Key): readonly Entry[] | undefined {
    return this.#cleared ? undefined : this.pin()?.list(key)
  }

  all(): readonly Entry[] | undefined {
    return this.#cleared ? undefined : this.pin()?.all()
  }

  /** What a store may add to for the scope; undefined where it was told to forget something. */
  get extensible(): HeldAnswers | undefined {
    return this.#cleared ? undefined : this.pin()
  }

  /** Undefined until there is a generation, and while its answers may not be used. */
  pin(): HeldAnswers | undefined {
    const cache = this.#cache
    // A table that is doubtful is answered to nobody who has not seen it before.
    if (cache.refusing) return cache.mode === 'versioned' && !cache.distrusted ? this.#pinned : undefined
    if (cache.mode === 'immutable') return cache.current
    if (cache.mode === 'expiring') return cache.current === this.#refused ? undefined : cache.current
    if (!this.#pinned && cache.current.version !== undefined && cache.current !== this.#refused) {
      this.#start(cache.current)
    }
    return this.#pinned
  }

  /** What {@link hits} are from the first read on. */
  firstHits(): HitIndex {
    this.hits ??= EMPTY_INDEX
    this.pin()
    return this.hits
  }

  #start(generation: Generation): void {
    this.#pinned = generation
    // Where rows are dropped to make room, or the scope has answers of its own, it remembers all of them.
    if (generation.isFull() || !this.#open || this.#diverged) return
    generation.pins++
    this.#leased = this.#leased ? [...this.#leased, generation] : [generation]
    this.#unremembered = generation
    this.hits = generation.hits
    this.direct = true
  }

  /**
   * The scope has an answer that the process does not hold for it: it is asked first from now on. An `immutable` cache
   * must not contradict it, not even for code that still runs after the scope's end. Only garbage collection tells when that is over.
   */
  diverge(): void {
    const cache = this.#cache
    if (!this.#diverged && cache.mode === 'immutable') {
      cache.divergedScopes++
      collected.register(this, cache)
    }
    this.#diverged = true
    this.#rememberAll()
  }

  #rememberAll(): void {
    this.hits = EMPTY_INDEX
    this.direct = false
  }

  /** Forgets the row that a key leads to, or everything. */
  clear(key?: Key): void {
    if (key) {
      this.#cleared ??= []
      this.#cleared.push(key)
      this.diverge()
      return
    }
    this.#pinned = undefined
    this.#unremembered = undefined
    this.#cleared = undefined
    const cache = this.#cache
    if (cache.mode === 'immutable') return
    this.#diverged = false
    this.#rememberAll()
    // What was dropped just now, after a write, holds nothing from before it.
    this.#refused = cache.mode === 'expiring' && cache.current.isEmpty() ? undefined : cache.current
  }

  /** Whether the scope, which has ended, may have been answered older rows that nobody holds any more. */
  hasForgotten(): boolean {
    const generation = this.#unremembered
    return !this.#open && generation?.hasDropped === true && generation !== this.#cache.current
  }

  /** The scope has ended. What still runs in it remembers what it is answered. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    for (const generation of this.#leased ?? []) generation.pins--
    this.#leased = undefined
    if (this.#cache.mode === 'versioned') this.#rememberAll()
  }

  #isCleared(generation: HeldAnswers, entry: Entry): boolean {
    return this.#cleared?.some((key) => generation.find(key) === entry) ?? false
  }
}

const collected = new FinalizationRegistry<ProcessCache>((cache) => {
  cache.divergedScopes--
})
