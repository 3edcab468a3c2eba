import type { VersionOptions } from '../../src/index.ts'

/** Microseconds in which a process sees a change, as guarantee 7 has it. */
export function boundOf({
  pollInterval,
  pollTimeout,
}: Required<Pick<VersionOptions, 'pollInterval' | 'pollTimeout'>>): number {
  return (Math.max(1.1 * pollInterval, pollTimeout) + pollTimeout) * 1_000
}
