import { createStoreReads as createRight } from '../../../src/loading/store-reads.ts'

export * from '../../../src/loading/store-reads.ts'

/** Claims every batch, and takes what is claimed already for what is there: nothing, as long as nobody has written it. */
export function createStoreReads(...[source, options]: Parameters<typeof createRight>) {
  const right = createRight(source, options)
  const isFirst = (what: unknown) => options.stored.claim(JSON.stringify(what))
  return {
    ...right,
    rows(definition: Parameters<typeof right.rows>[0]): ReturnType<typeof right.rows> {
      const send = right.rows(definition)
      return async (keys, sending) => {
        const first = await isFirst([definition.index, keys.map(({ json }) => json).sort()])
        return first ? send(keys, sending) : keys.map(() => undefined)
      }
    },
    all: async () => ((await isFirst('all')) ? right.all() : []),
  }
}
