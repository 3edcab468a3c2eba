import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { metricsText } from '../../examples/prometheus/metrics-text.ts'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

const ODD = 'o"d\\d\nname'

/** Ages differ from run to run. */
const EXPECTED = `# HELP kysely_lookup_hits_total Keys and lists that a cache answered, by the level of the cache.
# TYPE kysely_lookup_hits_total counter
kysely_lookup_hits_total{table="country",level="request"} 1
kysely_lookup_hits_total{table="country",level="process"} 4
kysely_lookup_hits_total{table="o\\"d\\\\d\\nname",level="request"} 0
kysely_lookup_hits_total{table="o\\"d\\\\d\\nname",level="process"} 0
# HELP kysely_lookup_misses_total Calls that no cache could answer.
# TYPE kysely_lookup_misses_total counter
kysely_lookup_misses_total{table="country"} 3
kysely_lookup_misses_total{table="o\\"d\\\\d\\nname"} 0
# HELP kysely_lookup_statements_total Statements sent to the server.
# TYPE kysely_lookup_statements_total counter
kysely_lookup_statements_total{table="country"} 2
kysely_lookup_statements_total{table="o\\"d\\\\d\\nname"} 0
# HELP kysely_lookup_failures_total Lookups that failed.
# TYPE kysely_lookup_failures_total counter
kysely_lookup_failures_total{table="country"} 0
kysely_lookup_failures_total{table="o\\"d\\\\d\\nname"} 0
# HELP kysely_lookup_evictions_total Rows dropped to keep the bound.
# TYPE kysely_lookup_evictions_total counter
kysely_lookup_evictions_total{table="country"} 0
kysely_lookup_evictions_total{table="o\\"d\\\\d\\nname"} 0
# HELP kysely_lookup_generations_total How often the process-wide cache started over.
# TYPE kysely_lookup_generations_total counter
kysely_lookup_generations_total{table="country"} 1
kysely_lookup_generations_total{table="o\\"d\\\\d\\nname"} 0
# HELP kysely_lookup_refresh_failures_total How often what an expiring table holds could not be read in the background.
# TYPE kysely_lookup_refresh_failures_total counter
kysely_lookup_refresh_failures_total{table="country"} 0
kysely_lookup_refresh_failures_total{table="o\\"d\\\\d\\nname"} 0
# HELP kysely_lookup_unverified_total How often versions could not be verified.
# TYPE kysely_lookup_unverified_total counter
kysely_lookup_unverified_total{table="country"} 0
kysely_lookup_unverified_total{table="o\\"d\\\\d\\nname"} 0
# HELP kysely_lookup_held What the process-wide cache holds.
# TYPE kysely_lookup_held gauge
kysely_lookup_held{table="country",entry="row"} 2
kysely_lookup_held{table="country",entry="alias"} 2
kysely_lookup_held{table="country",entry="absence"} 1
kysely_lookup_held{table="country",entry="list"} 1
kysely_lookup_held{table="o\\"d\\\\d\\nname",entry="row"} 0
kysely_lookup_held{table="o\\"d\\\\d\\nname",entry="alias"} 0
kysely_lookup_held{table="o\\"d\\\\d\\nname",entry="absence"} 0
kysely_lookup_held{table="o\\"d\\\\d\\nname",entry="list"} 0
# HELP kysely_lookup_version_age_seconds How long the version that is held has been held.
# TYPE kysely_lookup_version_age_seconds gauge
kysely_lookup_version_age_seconds{table="country"} AGE
# HELP kysely_lookup_verified_age_seconds How long ago versions were last verified.
# TYPE kysely_lookup_verified_age_seconds gauge
kysely_lookup_verified_age_seconds{table="country"} AGE
# HELP kysely_lookup_batch_keys Keys in a batch.
# TYPE kysely_lookup_batch_keys histogram
kysely_lookup_batch_keys_bucket{table="country",le="1"} 1
kysely_lookup_batch_keys_bucket{table="country",le="2"} 2
kysely_lookup_batch_keys_bucket{table="country",le="5"} 2
kysely_lookup_batch_keys_bucket{table="country",le="10"} 2
kysely_lookup_batch_keys_bucket{table="country",le="25"} 2
kysely_lookup_batch_keys_bucket{table="country",le="50"} 2
kysely_lookup_batch_keys_bucket{table="country",le="100"} 2
kysely_lookup_batch_keys_bucket{table="country",le="250"} 2
kysely_lookup_batch_keys_bucket{table="country",le="500"} 2
kysely_lookup_batch_keys_bucket{table="country",le="1000"} 2
kysely_lookup_batch_keys_bucket{table="country",le="2500"} 2
kysely_lookup_batch_keys_bucket{table="country",le="5000"} 2
kysely_lookup_batch_keys_bucket{table="country",le="+Inf"} 2
kysely_lookup_batch_keys_sum{table="country"} 3
kysely_lookup_batch_keys_count{table="country"} 2
`

describe('the Prometheus example', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...COUNTRIES, `create table \`${ODD}\` (id int unsigned not null primary key)`])
    await data.track('country')
  })
  after(() => data[Symbol.asyncDispose]())

  it('writes the counters in the text format, with escaped names, cumulative buckets, and no age where there is none', async () => {
    const { country, [ODD]: odd } = data.tables
    const repos = data.repositories({
      tables: { country: country!, [ODD]: odd! },
      cache: { country: 'versioned' },
    })
    // A list brings its rows: Japan is found by its key from then on.
    await repos.country!.findAllBy({ continent: 'AS' })
    await repos.$request(async () => {
      await repos.country!.findByKeys(['FR', 'JP', 'XX'])
      await repos.country!.findByKey('XX')
    })
    await repos.country!.findByKeys(['FR', 'JP'])
    await repos.$request(() => repos.country!.findAllBy({ continent: 'AS' }))
    // Asked for once, a key leads to every row.
    repos.country!.peek({ alpha3: 'FRA' })
    const text = metricsText(repos.$stats())
    const empty = text.split('\n').filter((line) => /^kysely_lookup_batch_keys.*o\\"d/.test(line))
    assert.equal(empty.length, 15)
    assert.ok(empty.every((line) => line.endsWith('} 0')))
    const rest = text
      .split('\n')
      .filter((line) => !empty.includes(line))
      .join('\n')
    assert.equal(
      rest.replaceAll(/(_age_seconds\{table="country"\}) \d+(\.\d+)?(e-\d+)?$/gm, '$1 AGE'),
      EXPECTED,
    )
  })
})
