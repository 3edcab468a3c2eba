import { ConfigurationError } from '../errors.ts'
import { createDoorbellWatch, type DoorbellWatch } from '../versions/doorbell-watch.ts'
import type { ResolvedVersionOptions, VersionWatch } from '../versions/version-watch.ts'
import type { ProcessTable, ProcessTables } from './process-tables.ts'

/**
 * The options of `$refresh`.
 *
 * @example
 * ```ts
 * const options: RefreshOptions = { everywhere: true }
 * ```
 */
export interface RefreshOptions {
  /**
   * Whether all other processes look too: the doorbell is rung for them (default false).
   *
   * @example
   * ```ts
   * await repos.$refresh({ everywhere: true })
   * ```
   */
  readonly everywhere?: boolean
}

export interface RefreshingOptions {
  readonly settings: ResolvedVersionOptions
  readonly tables: ProcessTables
  readonly watch: VersionWatch
}

/** What makes changes visible before the next poll. */
export interface Refreshing extends Pick<DoorbellWatch, 'counts' | 'stop'> {
  /** Begins to listen to the doorbell. */
  listen(): void
  /** Begins to follow versions. */
  start(): Promise<void>
  /** This process has written these tables: the others are told. */
  announce(written: readonly ProcessTable[]): void
  refresh(options?: RefreshOptions): Promise<void>
}

export function createRefreshing({ settings, tables, watch }: RefreshingOptions): Refreshing {
  const generations = () => Array.from(tables.followed.values(), (cache) => cache.current)
  const doorbell = createDoorbellWatch({
    doorbell: settings.doorbell,
    pollInterval: settings.pollInterval,
    drop: tables.dropExpiring,
    async look() {
      // What was read nowhere yet cannot be out of date.
      if (watch.verifiedAt() === undefined) return false
      const before = generations()
      await watch.look()
      return generations().some((generation, index) => generation !== before[index])
    },
  })
  // Another process may cache other tables than this one.
  const namesOf = (written: Iterable<ProcessTable>) => Array.from(written, ({ table }) => table.name)

  return {
    counts: doorbell.counts,
    stop: doorbell.stop,
    listen: doorbell.start,
    start: watch.start,
    announce(written) {
      watch.wrote()
      // The doorbell reports what could not be sent, and sends it later.
      if (written.length > 0) doorbell.announce(namesOf(written)).catch(() => {})
    },
    async refresh({ everywhere = false } = {}) {
      if (everywhere && !doorbell.announces()) {
        throw new ConfigurationError({
          kind: 'option',
          problem: '$refresh: no doorbell that can ring for other processes was given',
          fix: 'Pass createRepositories({ versions: { doorbell: redisDoorbell(…) } }) of kysely-lookup/redis.',
        })
      }
      tables.dropExpiring()
      await Promise.all([watch.look(), everywhere && doorbell.announce(namesOf(tables.byName.values()))])
    },
  }
}
