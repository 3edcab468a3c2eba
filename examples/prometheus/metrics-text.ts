import type { TableStats } from 'kysely-lookup'

/** The content type for Prometheus: text format 0.0.4. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

type Labels = Readonly<Record<string, string>>
type Sample = readonly [value: number | undefined, labels?: Labels]

interface Family {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge'
  samples(stats: TableStats): readonly Sample[]
}

const seconds = (milliseconds: number | undefined) =>
  milliseconds === undefined ? undefined : milliseconds / 1_000

const FAMILIES: readonly Family[] = [
  {
    name: 'kysely_lookup_hits_total',
    help: 'Keys and lists that a cache answered, by the level of the cache.',
    type: 'counter',
    samples: ({ scopeHits, hits }) => [
      [scopeHits, { level: 'request' }],
      [hits, { level: 'process' }],
    ],
  },
  {
    name: 'kysely_lookup_misses_total',
    help: 'Calls that no cache could answer.',
    type: 'counter',
    samples: ({ misses }) => [[misses]],
  },
  {
    name: 'kysely_lookup_statements_total',
    help: 'Statements sent to the server.',
    type: 'counter',
    samples: ({ statements }) => [[statements]],
  },
  {
    name: 'kysely_lookup_failures_total',
    help: 'Lookups that failed.',
    type: 'counter',
    samples: ({ failures }) => [[failures]],
  },
  {
    name: 'kysely_lookup_evictions_total',
    help: 'Rows dropped to keep the bound.',
    type: 'counter',
    samples: ({ evictions }) => [[evictions]],
  },
  {
    name: 'kysely_lookup_generations_total',
    help: 'How often the process-wide cache started over.',
    type: 'counter',
    samples: ({ generations }) => [[generations]],
  },
  {
    name: 'kysely_lookup_refresh_failures_total',
    help: 'How often what an expiring table holds could not be read in the background.',
    type: 'counter',
    samples: ({ refreshFailures }) => [[refreshFailures]],
  },
  {
    name: 'kysely_lookup_unverified_total',
    help: 'How often versions could not be verified.',
    type: 'counter',
    samples: ({ unverified }) => [[unverified]],
  },
  {
    name: 'kysely_lookup_held',
    help: 'What the process-wide cache holds.',
    type: 'gauge',
    samples: ({ rowsHeld, aliasesHeld, absencesHeld, listsHeld }) => [
      [rowsHeld, { entry: 'row' }],
      [aliasesHeld, { entry: 'alias' }],
      [absencesHeld, { entry: 'absence' }],
      [listsHeld, { entry: 'list' }],
    ],
  },
  {
    name: 'kysely_lookup_version_age_seconds',
    help: 'How long the version that is held has been held.',
    type: 'gauge',
    samples: ({ versionAge }) => [[seconds(versionAge)]],
  },
  {
    name: 'kysely_lookup_verified_age_seconds',
    help: 'How long ago versions were last verified.',
    type: 'gauge',
    samples: ({ verifiedAge }) => [[seconds(verifiedAge)]],
  },
]

/** Returns the counters of `repos.$stats()` in Prometheus' text format. */
export function metricsText(stats: Readonly<Record<string, TableStats>>): string {
  const tables = Object.entries(stats)
  const lines: string[] = []
  for (const { name, help, type, samples } of FAMILIES) {
    const measured = tables.flatMap(([table, one]) =>
      samples(one).flatMap(([value, labels]) =>
        value === undefined ? [] : [`${name}${labelsText({ table, ...labels })} ${value}`],
      ),
    )
    if (measured.length > 0) lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...measured)
  }
  const batches = tables.flatMap(([table, one]) => histogram(table, one))
  lines.push(`# HELP ${BATCH} Keys in a batch.`, `# TYPE ${BATCH} histogram`, ...batches)
  return `${lines.join('\n')}\n`
}

const BATCH = 'kysely_lookup_batch_keys'

/** Prometheus' buckets are cumulative. */
function histogram(table: string, { batchSizes, keysSent, batches }: TableStats): string[] {
  let within = 0
  const buckets = batchSizes.counts.map((count, index) => {
    within += count
    const le = String(batchSizes.bounds[index] ?? '+Inf')
    return `${BATCH}_bucket${labelsText({ table, le })} ${within}`
  })
  const labels = labelsText({ table })
  return [...buckets, `${BATCH}_sum${labels} ${keysSent}`, `${BATCH}_count${labels} ${batches}`]
}

function labelsText(labels: Labels): string {
  const escaped = Object.entries(labels).map(([name, value]) => {
    const text = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
    return `${name}="${text}"`
  })
  return `{${escaped.join(',')}}`
}
