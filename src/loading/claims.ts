import type { Store, StoreNamespace } from '../store/store.ts'

/** Whether this process is to read what is missing of a namespace; false where another one is about to. Rejects where the store does. */
export type Claim = (namespace: StoreNamespace, what: string) => Promise<boolean>

/** How long (ms) a claim stands: until what is claimed is written, also where the machine is busy. Nobody waits so long. */
const LIFETIME = 5_000

/** How long (ms) after the first claim others may be after the same rows: what is missing later on is missed by few. */
const COLD = 10_000

export function createClaim(store: Store): Claim {
  let address: string | undefined
  let coldUntil = 0
  /** What this process has claimed: it need not wait for itself, as after a failure. */
  let own = new Set<string>()

  return async (namespace, what) => {
    if (!store.claim) return true
    const now = performance.now()
    if (namespace.address !== address) {
      address = namespace.address
      coldUntil = now + COLD
      own = new Set()
    }
    if (own.has(what) || now > coldUntil) return true
    const isFirst = await store.claim(namespace, what, LIFETIME)
    if (isFirst) own.add(what)
    return isFirst
  }
}
