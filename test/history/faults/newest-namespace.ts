import { createTableStore as createRight, type TableStoreOptions } from '../../../src/loading/table-store.ts'

export * from '../../../src/loading/table-store.ts'

/** Takes the newest version's place in the store for that of whatever the process holds, and writes there. */
export function createTableStore(options: TableStoreOptions) {
  const { cache } = options
  const right = createRight(options)
  const look: typeof right.look = () => {
    const done = right.look()
    return (found) => done(found && { ...found, version: cache.current.version ?? found.version })
  }
  return Object.create(right, { look: { value: look } })
}
