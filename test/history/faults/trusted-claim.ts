import { createStoreReads as createRight } from '../../../src/loading/store-reads.ts'
import type { TableStore } from '../../../src/loading/table-store.ts'

export * from '../../../src/loading/store-reads.ts'

/** Takes what another process has claimed for what is there: nothing, as long as it has not written it. */
export function createStoreReads(...[source, options]: Parameters<typeof createRight>) {
  const { stored } = options
  let isClaimed = false
  const trusting: TableStore = Object.create(stored, {
    claim: {
      async value(what: string) {
        const isFirst = await stored.claim(what)
        isClaimed = !isFirst
        return isFirst
      },
    },
    findAll: {
      async value() {
        const trusted = isClaimed ? [] : undefined
        isClaimed = false
        return (await stored.findAll()) ?? trusted
      },
    },
  })
  return createRight(source, { ...options, stored: trusting })
}
