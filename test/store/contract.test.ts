import { describeStoreContract } from '../support/store/contract.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'

describeStoreContract('a Map', async () => ({ store: createMemoryStore(), end: async () => {} }))
describeStoreContract('a Map that answers later', async () => ({
  store: createMemoryStore({ isAsynchronous: true }),
  end: async () => {},
}))
