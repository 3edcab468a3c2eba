import type { Figure } from './figure.ts'
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

/** Measures on one server after the other. */
export async function onEachServer(
  { servers, quick, progress }: BenchContext,
  measureOn: (server: BenchServer, quick: boolean) => Promise<Figure[]>,
): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const server of servers) {
    progress(server.name)
    figures.push(...(await measureOn(server, quick)))
  }
  return figures
}
