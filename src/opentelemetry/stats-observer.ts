import {
  type Attributes,
  type BatchObservableResult,
  type MeterProvider,
  type MetricOptions,
  metrics,
  type Observable,
} from '@opentelemetry/api'
import type { TableStats } from '../diagnostics/stats.ts'
import { type Instrumentation, SCOPE } from './instrumentation.ts'

export interface StatsObserverOptions {
  /** Instead of the one that is registered when {@link observeStats} is called. */
  readonly meterProvider?: MeterProvider
  /** Added to every measurement: what tells these repositories from others of the process, such as `db.namespace`. */
  readonly attributes?: Attributes
}

type Kind = 'createObservableCounter' | 'createObservableUpDownCounter' | 'createObservableGauge'

/** A metric, and what it is of one table: numbers with the attributes that tell them apart. */
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
  ]),
  counter('kysely_lookup.misses', 'Calls that no cache could answer.', '{read}', (of) => [[of.misses]]),
  counter('kysely_lookup.keys', 'Keys sent to the server.', '{key}', (of) => [[of.keysSent]]),
  counter('kysely_lookup.absences', 'Sent keys that no row has.', '{key}', (of) => [[of.absences]]),
  counter('kysely_lookup.statements', 'Statements sent to the server.', '{statement}', (of) => [
    [of.statements],
  ]),
  counter('kysely_lookup.failures', 'Lookups that failed.', '{failure}', (of) => [[of.failures]]),
  counter('kysely_lookup.evictions', 'Rows dropped to keep the bound.', '{row}', (of) => [[of.evictions]]),
  counter(
    'kysely_lookup.generations',
    'How often the process-wide cache started anew.',
    '{generation}',
    (of) => [[of.generations]],
  ),
  counter('kysely_lookup.unverified', 'How often versions could not be verified.', '{occurrence}', (of) => [
    [of.unverified],
  ]),
  sum('kysely_lookup.held', 'What the process-wide cache holds.', '{entry}', (of) => [
    [of.rowsHeld, held('row')],
    [of.aliasesHeld, held('alias')],
    [of.absencesHeld, held('absence')],
    [of.listsHeld, held('list')],
  ]),
  sum('kysely_lookup.scopes', 'Requests and transactions that remember something.', '{scope}', (of) => [
    [of.scopes],
  ]),
  gauge('kysely_lookup.version', 'The version that is held.', '1', (of) => [[of.version]]),
  gauge('kysely_lookup.version.age', 'How long it has been held.', 's', (of) => [[seconds(of.versionAge)]]),
  gauge('kysely_lookup.verified.age', 'How long ago versions were last verified.', 's', (of) => [
    [seconds(of.verifiedAge)],
  ]),
]

/** Anything with counters by table. */
export interface StatsSource {
  $stats(): Readonly<Record<string, TableStats>>
}

/**
 * Makes metrics of `repos.$stats()`, which is read once for each collection. Call it once for each repositories of the
 * process, when the SDK is registered; `stop` it before the repositories are given up.
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
