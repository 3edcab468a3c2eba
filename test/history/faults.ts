/** Faults that a run can be given, and the part of the library that each replaces. */
export const faults = {
  'no-fence': 'process-cache.ts',
  'no-poll': 'process-cache.ts',
  'no-drop': 'process-cache.ts',
  unpinned: 'table-memo.ts',
  uncommitted: 'row-source.ts',
} as const

export type Fault = keyof typeof faults
