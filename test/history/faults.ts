/** Faults that a run can be given, and the part of the library that each replaces. */
export const faults = {
  'no-fence': 'cache/process-cache.ts',
  'no-poll': 'cache/process-cache.ts',
  'no-drop': 'cache/process-cache.ts',
  unpinned: 'scope/pinned-generation.ts',
  uncommitted: 'loading/server-reads.ts',
} as const

export type Fault = keyof typeof faults
