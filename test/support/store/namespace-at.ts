import type { StoreNamespace } from '../../../src/store/store.ts'

export function namespaceAt(digit: string, table = 'country'): StoreNamespace {
  return { database: 'shop', table, address: digit.repeat(32) }
}
