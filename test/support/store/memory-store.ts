import type { Store, StoreNamespace } from '../../../src/store/store.ts'

/** A store that lasts as long as the object: what the contract asks for, and no more. */
export interface MemoryStore extends Store {
  /** By namespace and key. */
  readonly entries: Map<string, Map<string, Uint8Array>>
}

/** @param options.isAsynchronous leaves out what answers at once */
export function createMemoryStore(options: { readonly isAsynchronous?: boolean } = {}): MemoryStore {
  const entries = new Map<string, Map<string, Uint8Array>>()
  const claims = new Map<string, number>()
  const find = ({ address }: StoreNamespace, key: string) => entries.get(address)?.get(key)
  return {
    entries,
    name: 'memory',
    maxAge: 86_400_000,
    ready: async () => {},
    ...(!options.isAsynchronous && { readNow: find }),
    read: async (namespace, keys) => keys.map((key) => find(namespace, key)),
    async write({ address }, written) {
      const known = entries.get(address) ?? new Map<string, Uint8Array>()
      entries.set(address, known)
      for (const { key, value } of written) known.set(key, Uint8Array.from(value))
    },
    async claim({ address }, name, lifetime) {
      const key = `${address} ${name}`
      const now = performance.now()
      if ((claims.get(key) ?? 0) > now) return false
      claims.set(key, now + lifetime)
      return true
    },
    async forget(namespace) {
      if (namespace) entries.delete(namespace.address)
      else entries.clear()
    },
    close: async () => {},
  }
}
