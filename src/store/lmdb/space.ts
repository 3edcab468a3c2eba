import type { StoreEntry, StoreNamespace } from '../store.ts'
import { DIRECTORY, type Environment } from './environment.ts'

/** Keeps a file within its limit: where room is needed, the namespaces that were used longest ago go. */
export interface Space {
  /** Notes that the namespace is in use. */
  touch(namespace: StoreNamespace): void
  /** Makes room for entries of the namespace; false where there is none. */
  makeRoom(namespace: StoreNamespace, entries: readonly StoreEntry[]): Promise<boolean>
  forget(namespace: StoreNamespace): Promise<void>
  /** Forgets namespaces that were not used for `age` ms. */
  forgetOlder(age: number): Promise<void>
  namespaces(): NamespaceUse[]
}

/** A namespace of a file. */
export interface NamespaceUse extends StoreNamespace {
  /** When (ms since 1970) a process last noted that it uses it. */
  readonly usedAt: number
}

/** How much of the limit entries may take: pages that were left by others are used again only once nobody reads them. */
const FILL = 0.7

/** What an entry takes besides its bytes, on pages that are filled in part. */
const OVERHEAD = 1.4

/** How often (ms) a process notes that it uses a namespace. */
const TOUCH_INTERVAL = 300_000

/** How many entries are forgotten in one transaction. */
const CHUNK = 500

export function createSpace(environment: Environment, maxBytes: number): Space {
  const touched = new Map<string, number>()

  function touch({ database, table, address }: StoreNamespace): void {
    const now = Date.now()
    // Another process may have cleared the file since.
    const isNoted = () => environment.get(DIRECTORY.address, address) !== undefined
    if (now - (touched.get(address) ?? 0) < TOUCH_INTERVAL && isNoted()) return
    touched.set(address, now)
    const use = Buffer.from(JSON.stringify({ database, table, address, usedAt: now }))
    environment.put(DIRECTORY.address, address, use).catch(() => {})
  }

  function namespaces(): NamespaceUse[] {
    return environment.keysOf(DIRECTORY.address, Number.MAX_SAFE_INTEGER).flatMap((key) => {
      try {
        return [JSON.parse(String(environment.valueOf(key))) as NamespaceUse]
      } catch {
        return []
      }
    })
  }

  async function forget({ address }: StoreNamespace): Promise<void> {
    touched.delete(address)
    for (;;) {
      const keys = environment.keysOf(address, CHUNK)
      await environment.remove(keys)
      if (keys.length < CHUNK) break
      environment.endReads()
    }
    await environment.remove([Buffer.concat([Buffer.from(DIRECTORY.address, 'hex'), Buffer.from(address)])])
  }

  return {
    touch,
    forget,
    namespaces,
    async makeRoom(namespace, entries) {
      const needed = entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0) * OVERHEAD
      const fits = () => {
        const { file, used } = environment.sizes()
        return used + needed <= maxBytes * FILL && file <= maxBytes
      }
      if (fits()) return true
      const others = namespaces().filter(({ address }) => address !== namespace.address)
      for (const oldest of others.sort((one, other) => one.usedAt - other.usedAt)) {
        await forget(oldest)
        environment.endReads()
        if (fits()) return true
      }
      return false
    },
    async forgetOlder(age) {
      const now = Date.now()
      for (const one of namespaces()) if (now - one.usedAt > age) await forget(one)
    },
  }
}
