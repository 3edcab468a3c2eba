import type { BenchServer } from './servers.ts'

/** What a case is measured on, and how thoroughly. */
export interface BenchContext {
  readonly servers: readonly BenchServer[]
  /** A first look: fewer rounds, and fewer processes. */
  readonly quick: boolean
  /** Whether this part of a case is to be measured (`--what`). */
  wants(what: string): boolean
  /** Tells what is measured next. */
  progress(what: string): void
}
