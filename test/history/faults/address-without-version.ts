import { type ContentIdentity, namespaceOf as right } from '../../../src/store/namespace.ts'

export * from '../../../src/store/namespace.ts'

/** Entries outlive the version that they were read at. */
export function namespaceOf(table: Parameters<typeof right>[0], content: ContentIdentity) {
  return right(table, { ...content, slots: 'any' })
}
