/** Faults that a run can be given: the part of the library that each replaces, the cache mode that it concerns, and the store. */
export const faults = {
  'no-fence': { part: 'cache/process-cache.ts', mode: 'versioned' },
  'no-poll': { part: 'cache/process-cache.ts', mode: 'versioned' },
  'no-drop': { part: 'cache/process-cache.ts', mode: 'versioned' },
  unpinned: { part: 'scope/pinned-generation.ts', mode: 'versioned' },
  uncommitted: { part: 'loading/server-reads.ts', mode: 'versioned' },
  'newest-namespace': { part: 'loading/table-store.ts', mode: 'versioned', store: 'lmdb' },
  'lasting-alias': { part: 'loading/table-store.ts', mode: 'versioned', store: 'lmdb' },
  'trusted-claim': { part: 'loading/store-reads.ts', mode: 'versioned', store: 'lmdb' },
  'young-when-read': { part: 'versions/poll-record.ts', mode: 'versioned', store: 'lmdb' },
  'age-from-arrival': { part: 'cache/expiring-cache.ts', mode: 'expiring' },
  'kept-after-writes': { part: 'cache/expiring-cache.ts', mode: 'expiring' },
  unremembered: { part: 'scope/table-scope.ts', mode: 'expiring' },
} as const satisfies Record<string, PlantedFault>

interface PlantedFault {
  readonly part: string
  readonly mode: 'versioned' | 'expiring'
  readonly store?: 'lmdb'
}

export type Fault = keyof typeof faults

export function faultNamed(name: Fault): PlantedFault {
  return faults[name]
}
