import type { Generation } from '../cache/generation.ts'
import type { ProcessCache } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'

/**
 * What a scope holds of one table of the process, to be given back when the scope ends. It leads to nothing that the
 * scope remembers, so that a registry of abandoned scopes can keep it.
 */
export class GenerationLease {
  /** Whether the scope goes on. */
  open = true
  readonly #counters: Counters
  readonly #cache: ProcessCache | undefined
  #pinned: Generation[] | undefined
  #sign: object | undefined

  constructor(table: { readonly counters: Counters; readonly cache?: ProcessCache | undefined }) {
    this.#counters = table.counters
    this.#cache = table.cache
    table.counters.scopes++
  }

  /** None of its rows is dropped while the scope goes on, which does not remember what it was answered from it. */
  pin(generation: Generation): void {
    generation.pins++
    this.#pinned ??= []
    this.#pinned.push(generation)
  }

  /**
   * The scope has an answer of its own, which an `immutable` cache must not contradict: also not for what still runs in
   * the scope after its end, so that only the garbage collector ends it.
   * @param scope is watched; the engine keeps what it is registered with, never the scope.
   */
  diverge(scope: { divergence?: object }): void {
    const cache = this.#cache
    if (this.#sign || cache?.mode !== 'immutable') return
    this.#sign = {}
    scope.divergence = this.#sign
    cache.divergedScopes++
    collected.register(this.#sign, () => {
      cache.divergedScopes--
    })
  }

  end(): void {
    if (!this.open) return
    this.open = false
    this.#counters.scopes--
    for (const generation of this.#pinned ?? []) generation.pins--
    this.#pinned = undefined
  }
}

const collected = new FinalizationRegistry<() => void>((release) => release())
