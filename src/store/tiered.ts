import { ConfigurationError } from '../errors.ts'
import type { Store, StoreEntry, StoreNamespace } from './store.ts'

/**
 * Makes one store of several, the nearest first: what one does not have, the next one is asked for, and what that has is kept in those
 * before it. A store that fails is passed over.
 *
 * @example
 * ```ts
 * import { lmdbStore } from 'kysely-lookup/lmdb'
 * import { redisStore } from 'kysely-lookup/redis'
 *
 * const store = tiered([lmdbStore({ path: '/var/cache/shop/lookups' }), redisStore({ url: process.env.REDIS_URL })])
 * ```
 * @throws ConfigurationError if there is no store.
 */
export function tiered(stores: readonly Store[]): Store {
  if (!Array.isArray(stores) || stores.length === 0) {
    throw new ConfigurationError({
      kind: 'option',
      problem: 'tiered: expected stores, got none',
      fix: 'Pass them, the nearest first: tiered([lmdbStore(…), redisStore(…)]).',
    })
  }
  const instant = stores.filter((store) => store.readNow)
  // A claim is worth most where most can see it.
  const claiming = stores.findLast((store) => store.claim)
  const writeAfter = stores.find((store) => store.writeAfter !== undefined)?.writeAfter
  const machine = stores.find((store) => store.machine)?.machine

  /** Kept in the stores before the one that has them; nobody waits for it. */
  function promote(namespace: StoreNamespace, entries: readonly StoreEntry[], before: number): void {
    if (entries.length === 0) return
    for (const store of stores.slice(0, before)) store.write(namespace, entries).catch(() => {})
  }

  return {
    name: stores.map(({ name }) => name).join('+'),
    maxAge: Math.min(...stores.map(({ maxAge }) => maxAge)),
    ...(writeAfter !== undefined && { writeAfter }),
    async ready() {
      await Promise.all(stores.map((store) => store.ready()))
    },
    ...(instant.length > 0 && {
      readNow(namespace: StoreNamespace, key: string) {
        for (const store of instant) {
          const value = attempt(() => store.readNow!(namespace, key))
          if (value) return value
        }
        return undefined
      },
    }),
    async read(namespace, keys) {
      const found = new Map<string, Uint8Array>()
      const failures: unknown[] = []
      for (const [tier, store] of stores.entries()) {
        const missing = keys.filter((key) => !found.has(key))
        if (missing.length === 0) break
        const values = await store.read(namespace, missing).catch((error: unknown) => {
          failures.push(error)
          return []
        })
        const entries = missing.flatMap((key, index) => {
          const value = values[index]
          return value ? { key, value } : []
        })
        for (const { key, value } of entries) found.set(key, value)
        promote(namespace, entries, tier)
      }
      if (failures.length === stores.length) throw failures[0]
      return keys.map((key) => found.get(key))
    },
    async write(namespace, entries) {
      await unlessAllFail(stores.map((store) => store.write(namespace, entries)))
    },
    ...(claiming && {
      claim: (namespace: StoreNamespace, name: string, lifetime: number) =>
        claiming.claim!(namespace, name, lifetime),
    }),
    async forget(namespace) {
      // What is left in one of them would come back into the others.
      await Promise.all(stores.map((store) => store.forget(namespace)))
    },
    ...(machine && { machine }),
    async close() {
      await Promise.all(stores.map((store) => store.close()))
    },
  }
}

function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

async function unlessAllFail(writes: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(writes)
  const failures = results.filter((result) => result.status === 'rejected')
  if (failures.length === results.length) throw failures[0]!.reason
}
