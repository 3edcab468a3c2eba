import {
  type Attributes,
  type BatchObservableResult,
  type MeterProvider,
  type MetricOptions,
  metrics,
  type Observable,
} from '@opentelemetry/api'
import type { StatsSource, TableStats } from '../diagnostics/stats.ts'
import { type Instrumentation, SCOPE } from './instrumentation.ts'

/**
 * The options of `observeStats`.
 *
 * @example
 * ```ts
 * observeStats(repos, { attributes: { 'db.namespace': 'shop' } })
 * ```
 */
export interface StatsObserverOptions {
  /**
   * The meter provider to use (default: the one registered when {@link observeStats} is called).
   *
   * @example
   * ```ts
   * import { metrics } from '@opentelemetry/api'
   *
   * observeStats(repos, { meterProvider: metrics.getMeterProvider() })
   * ```
   */
  readonly meterProvider?: MeterProvider
  /**
   * Attributes of every measurement (default none). Use them to tell these repositories from others in the process.
   *
   * @example
   * ```ts
   * observeStats(repos, { attributes: { 'db.namespace': 'shop' } })
   * ```
   */
  readonly attributes?: Attributes
}

type Kind = 'createObservableCounter' | 'createObservableUpDownCounter' | 'createObservableGauge'

/** A metric, and how to read its values for one table: numbers with the attributes that tell them apart. */
interface Metric extends MetricOptions {
  readonly name: string
  readonly kind: Kind
  read(stats: TableStats): readonly (readonly [value: number | undefined, attributes?: Attributes])[]
}

const counter = (name: string, description: string, unit: string, read: Metric['read']): Metric => ({
  ...{ name, kind: 'createObservableCounter', description, unit, read },
})

const sum = (name: string, description: string, unit: string, read: Metric['read']): Metric => ({
  ...{ name, kind: 'createObservableUpDownCounter', description, unit, read },
})

const gauge = (name: string, description: string, unit: string, read: Metric['read']): Metric => ({
  ...{ name, kind: 'createObservableGauge', description, unit, read },
})

const level = (name: string): Attributes => ({ 'kysely_lookup.level': name })
const held = (name: string): Attributes => ({ 'kysely_lookup.entry': name })
const seconds = (milliseconds: number | undefined) => milliseconds && milliseconds / 1_000

const METRICS: readonly Metric[] = [
  counter('kysely_lookup.hits', 'Keys and lists that a cache answered.', '{read}', (of) => [
    [of.scopeHits, level('request')],
    [of.hits, level('process')],
    [of.storeHits, level('store')],
  ]),
  counter('kysely_lookup.misses', 'Calls that no cache could answer.', '{read}', (of) => [[of.misses]]),
  counter('kysely_lookup.keys', 'Keys sent to the server.', '{key}', (of) => [[of.keysSent]]),
  counter('kysely_lookup.absences', 'Sent keys that no row has.', '{key}', (of) => [[of.absences]]),
  counter('kysely_lookup.statements', 'Statements sent to the server.', '{statement}', (of) => [
    [of.statements],
  ]),
  counter('kysely_lookup.failures', 'Lookups that failed.', '{failure}', (of) => [[of.failures]]),
  counter('kysely_lookup.evictions', 'Rows evicted to keep within maxRows.', '{row}', (of) => [
    [of.evictions],
  ]),
  counter('kysely_lookup.generations', 'New generations of the process-wide cache.', '{generation}', (of) => [
    [of.generations],
  ]),
  counter('kysely_lookup.refreshes', 'Refreshes in the background.', '{refresh}', (of) => [[of.refreshes]]),
  counter('kysely_lookup.refresh.failures', 'Refreshes that failed.', '{refresh}', (of) => [
    [of.refreshFailures],
  ]),
  counter('kysely_lookup.store.misses', 'Keys and lists that the store did not have.', '{read}', (of) => [
    [of.storeMisses],
  ]),
  counter('kysely_lookup.store.writes', 'Entries written to the store.', '{entry}', (of) => [
    [of.storeWrites],
  ]),
  counter('kysely_lookup.store.failures', 'Failures of the store.', '{failure}', (of) => [
    [of.storeFailures],
  ]),
  counter('kysely_lookup.unverified', 'How often versions could not be verified.', '{occurrence}', (of) => [
    [of.unverified],
  ]),
  counter('kysely_lookup.rings', 'How often the doorbell rang.', '{ring}', (of) => [[of.rings]]),
  counter(
    'kysely_lookup.doorbell.outages',
    'How often the doorbell began to hear nothing.',
    '{occurrence}',
    (of) => [[of.doorbellOutages]],
  ),
  sum('kysely_lookup.held', 'Entries in the process-wide cache.', '{entry}', (of) => [
    [of.rowsHeld, held('row')],
    [of.aliasesHeld, held('alias')],
    [of.absencesHeld, held('absence')],
    [of.listsHeld, held('list')],
  ]),
  sum('kysely_lookup.scopes', 'Requests and transactions that remember something.', '{scope}', (of) => [
    [of.scopes],
  ]),
  gauge('kysely_lookup.version', 'The version that is held.', '1', (of) => [[of.version]]),
  gauge('kysely_lookup.version.age', 'How long the version has been held.', 's', (of) => [
    [seconds(of.versionAge)],
  ]),
  gauge('kysely_lookup.verified.age', 'How long ago versions were last verified.', 's', (of) => [
    [seconds(of.verifiedAge)],
  ]),
]

/**
 * Creates metrics from `repos.$stats()`, which is called once per collection. Call it once for each set of repositories in the
 * process, after the SDK is registered. Call `stop` before you drop the repositories. Never throws.
 *
 * @example
 * ```ts
 * const stats = observeStats(repos)
 * process.once('SIGTERM', () => stats.stop())
 * ```
 */
export function observeStats(repos: StatsSource, options: StatsObserverOptions = {}): Instrumentation {
  const meter = (options.meterProvider ?? metrics).getMeter(SCOPE)
  const observed = METRICS.map((metric) => ({ metric, instrument: meter[metric.kind](metric.name, metric) }))
  const instruments: Observable[] = observed.map(({ instrument }) => instrument)

  function observe(result: BatchObservableResult): void {
    for (const [table, stats] of Object.entries(repos.$stats())) {
      for (const { metric, instrument } of observed) {
        for (const [value, attributes] of metric.read(stats)) {
          if (value === undefined) continue
          result.observe(instrument, value, {
            'db.collection.name': table,
            ...attributes,
            ...options.attributes,
          })
        }
      }
    }
  }

  meter.addBatchObservableCallback(observe, instruments)
  const stop = () => meter.removeBatchObservableCallback(observe, instruments)
  return { stop, [Symbol.dispose]: stop }
}
