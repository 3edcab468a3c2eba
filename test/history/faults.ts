/** Faults that a run can be given: the part of the library that each replaces, and the cache mode that it concerns. */
export const faults = {
  'no-fence': { part: 'cache/process-cache.ts', mode: 'versioned' },
  'no-poll': { part: 'cache/process-cache.ts', mode: 'versioned' },
  'no-drop': { part: 'cache/process-cache.ts', mode: 'versioned' },
  unpinned: { part: 'scope/pinned-generation.ts', mode: 'versioned' },
  uncommitted: { part: 'loading/server-reads.ts', mode: 'versioned' },
  'age-from-arrival': { part: 'cache/expiring-cache.ts', mode: 'expiring' },
  'kept-after-writes': { part: 'cache/expiring-cache.ts', mode: 'expiring' },
  unremembered: { part: 'scope/table-scope.ts', mode: 'expiring' },
} as const

export type Fault = keyof typeof faults
