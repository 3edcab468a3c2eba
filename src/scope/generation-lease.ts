import type { Generation } from '../cache/generation.ts'
import type { ProcessCache } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'

/**
 * What a scope holds of one table of the process, to be given back when the scope ends. It leads to nothing that the
 * scope remembers: whoever watches a scope keeps this.
 */
export class ScopeHold {
  /** Whether the scope goes on. */
  open = true
  readonly #counters: Counters
  readonly #cache: ProcessCache | undefined
  #pinned: Generation[] | undefined
  #contradicting = false

  constructor(table: { readonly counters: Counters; readonly cache?: ProcessCache | undefined }) {
    this.#counters = table.counters
    this.#cache = table.cache
    table.counters.scopes++
  }

  /** None of its rows is dropped while the scope goes on, for it does not remember what it was answered from it. */
  pin(generation: Generation): void {
    generation.pins++
    this.#pinned ??= []
    this.#pinned.push(generation)
  }

  /** The scope remembers an absence, which rows that an `immutable` cache learns of later must not contradict. */
  contradict(): void {
    if (this.#contradicting || !this.open) return
    this.#contradicting = true
    this.#cache!.contradict(1)
  }

  end(): void {
    if (!this.open) return
    this.open = false
    this.#counters.scopes--
    if (this.#contradicting) this.#cache!.contradict(-1)
    for (const generation of this.#pinned ?? []) generation.pins--
    this.#pinned = undefined
  }
}
