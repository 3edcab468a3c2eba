import type { Token } from '../keys/identity.ts'
import type { KeyDefinition } from '../keys/key.ts'

/** Values by key, within a total weight. */
export interface FifoMap<Value> {
  get(definition: KeyDefinition, token: Token): Value | undefined
  /** How many values it holds. */
  size(): number
  set(definition: KeyDefinition, token: Token, held: { readonly value: Value; readonly weight: number }): void
  delete(definition: KeyDefinition, token: Token): void
}

/** The oldest values are dropped first when the weights exceed the bound; a value heavier than it is not held. */
export function createFifoMap<Value>(maxWeight: number): FifoMap<Value> {
  const byDefinition = new Map<
    KeyDefinition,
    Map<Token, { readonly value: Value; readonly weight: number }>
  >()
  let total = 0

  function drop(definition: KeyDefinition, token: Token): void {
    const held = byDefinition.get(definition)
    total -= held?.get(token)?.weight ?? 0
    held?.delete(token)
  }

  function dropOldest(): void {
    for (const [definition, held] of byDefinition) {
      for (const token of held.keys()) {
        drop(definition, token)
        return
      }
    }
  }

  return {
    size() {
      let size = 0
      for (const held of byDefinition.values()) size += held.size
      return size
    },
    get: (definition, token) => byDefinition.get(definition)?.get(token)?.value,
    set(definition, token, entry) {
      if (entry.weight > maxWeight) return
      let held = byDefinition.get(definition)
      if (!held) {
        held = new Map()
        byDefinition.set(definition, held)
      }
      total += entry.weight - (held.get(token)?.weight ?? 0)
      held.set(token, entry)
      while (total > maxWeight) dropOldest()
    },
    delete: drop,
  }
}
