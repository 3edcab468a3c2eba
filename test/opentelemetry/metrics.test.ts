import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Histogram } from '@opentelemetry/sdk-metrics'
import { instrumentLookups, observeStats } from '../../src/opentelemetry/index.ts'
import { COUNTRIES, type Lookups, lookups, numbered } from '../support/lookups.ts'
import { startTelemetry, type Telemetry } from '../support/telemetry/telemetry.ts'

describe('OpenTelemetry metrics', () => {
  let data: Lookups
  let telemetry: Telemetry

  before(async () => {
    data = await lookups([...COUNTRIES, ...numbered('item', 200)])
    await data.track('country')
  })
  after(() => data[Symbol.asyncDispose]())

  beforeEach(() => {
    telemetry = startTelemetry()
  })
  afterEach(() => telemetry[Symbol.asyncDispose]())

  /** What is exported of a metric, by the values of its attributes. */
  async function exported(name: string): Promise<Record<string, unknown>> {
    const metric = await telemetry.metric(name)
    const points = metric?.dataPoints ?? []
    return Object.fromEntries(
      points.map(({ attributes, value }) => [Object.values(attributes).join(' '), value]),
    )
  }

  const providers = () => ({
    tracerProvider: telemetry.tracerProvider,
    meterProvider: telemetry.meterProvider,
  })

  function countingStats() {
    const repos = data.repositories()
    const counted = {
      reads: 0,
      $stats() {
        counted.reads++
        return repos.$stats()
      },
    }
    return { repos, counted }
  }

  it('come from $stats, for each table and by the level that answered', async () => {
    const repos = data.repositories({
      cache: { country: 'versioned', item: { mode: 'immutable', maxRows: 3 } },
    })
    using _ = observeStats(repos, providers())
    const read = () =>
      repos.$request(async () => {
        await repos.country!.findByKeys(['FR', 'XX'])
        await repos.country!.findAllBy({ continent: 'AS' })
        await repos.country!.findAllBy({ continent: 'AS' })
      })
    await read()
    await read()
    // Asked for once, a key leads to every row.
    repos.country!.peek({ alpha3: 'FRA' })
    await repos.item!.findByKeys([1, 2, 3, 4, 5])
    const expected: Record<string, Record<string, number>> = {
      'kysely_lookup.hits': {
        'country request': 2,
        'country process': 3,
        'country store': 0,
        'item request': 0,
        'item process': 0,
        'item store': 0,
      },
      'kysely_lookup.misses': { country: 3, item: 5 },
      'kysely_lookup.keys': { country: 3, item: 5 },
      'kysely_lookup.absences': { country: 1, item: 0 },
      'kysely_lookup.statements': { country: 2, item: 1 },
      'kysely_lookup.failures': { country: 0, item: 0 },
      'kysely_lookup.evictions': { country: 0, item: 2 },
      'kysely_lookup.generations': { country: 1, item: 0 },
      'kysely_lookup.refreshes': { country: 0, item: 0 },
      'kysely_lookup.refresh.failures': { country: 0, item: 0 },
      'kysely_lookup.store.misses': { country: 0, item: 0 },
      'kysely_lookup.store.writes': { country: 0, item: 0 },
      'kysely_lookup.store.failures': { country: 0, item: 0 },
      'kysely_lookup.unverified': { country: 0, item: 0 },
      'kysely_lookup.rings': { country: 0, item: 0 },
      'kysely_lookup.doorbell.outages': { country: 0, item: 0 },
      'kysely_lookup.scopes': { country: 0, item: 0 },
      'kysely_lookup.held': {
        ...{ 'country row': 2, 'country alias': 2, 'country absence': 1, 'country list': 1 },
        ...{ 'item row': 3, 'item alias': 0, 'item absence': 0, 'item list': 0 },
      },
      'kysely_lookup.version': { country: repos.$stats().country!.version! },
    }
    const found: typeof expected = {}
    for (const name of Object.keys(expected)) found[name] = (await exported(name)) as Record<string, number>
    assert.deepEqual(found, expected)
  })

  it('leave out nothing of $stats that is a number', async () => {
    const repos = data.repositories()
    const read = new Set<string>()
    const stats = new Proxy(repos.$stats().country!, {
      get(target, name, receiver) {
        read.add(String(name))
        return Reflect.get(target, name, receiver)
      },
    })
    using _ = observeStats({ $stats: () => ({ country: stats }) }, providers())
    await exported('kysely_lookup.misses')
    const numbers = Object.entries(stats).flatMap(([name, value]) =>
      typeof value === 'number' ? [name] : [],
    )
    assert.deepEqual(
      numbers.filter((name) => !read.has(name)),
      [],
    )
  })

  it('report the age of a version and of its verification in seconds', async () => {
    const repos = data.repositories({ cache: { country: 'versioned' } })
    using _ = observeStats(repos, providers())
    const began = performance.now()
    await repos.country!.findByKey('FR')
    const before = repos.$stats().country!
    for (const [name, least] of [
      ['kysely_lookup.version.age', before.versionAge!],
      ['kysely_lookup.verified.age', before.verifiedAge!],
    ] as const) {
      const metric = await telemetry.metric(name)
      assert.equal(metric?.descriptor.unit, 's')
      const [point, ...others] = metric.dataPoints
      assert.deepEqual(others, [], 'a table that has no version has no age')
      assert.deepEqual(point?.attributes, { 'db.collection.name': 'country' })
      const age = (point.value as number) * 1_000
      assert.ok(age >= least && age <= performance.now() - began)
    }
  })

  it('read $stats once per collection, and not at all after they are stopped', async () => {
    const { counted } = countingStats()
    const observing = observeStats(counted, providers())
    assert.equal(counted.reads, 0)
    await exported('kysely_lookup.misses')
    assert.equal(counted.reads, 1)
    observing.stop()
    await exported('kysely_lookup.misses')
    assert.equal(counted.reads, 1)
  })

  it("distinguish repositories by the user's attributes", async () => {
    const [one, other] = [data.repositories(), data.repositories()]
    using _one = observeStats(one, { ...providers(), attributes: { 'db.namespace': 'one' } })
    using _other = observeStats(other, { ...providers(), attributes: { 'db.namespace': 'other' } })
    await one.item!.findByKey(1)
    const misses = await exported('kysely_lookup.misses')
    assert.deepEqual([misses['item one'], misses['item other']], [1, 0])
  })

  it('include histograms of the sizes and durations of batches, failed ones included', async () => {
    const repos = data.repositories()
    await repos.$ready()
    using _ = instrumentLookups(providers())
    const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
    for (const count of [1, 1, 7, 150]) await repos.item!.findByKeys(ids(count))
    await data.run('rename table item to gone')
    await assert.rejects(repos.item!.findByKey(1), { errno: 1146 })
    await data.run('rename table gone to item')

    const size = await telemetry.metric('kysely_lookup.batch.size')
    assert.equal(size?.descriptor.unit, '{key}')
    const { buckets, count, sum } = size.dataPoints[0]!.value as Histogram
    const { bounds } = repos.$stats().item!.batchSizes
    assert.deepEqual(buckets.boundaries, bounds)
    assert.deepEqual(buckets.counts, repos.$stats().item!.batchSizes.counts)
    assert.deepEqual([size.dataPoints.length, count, sum], [1, 5, 160])

    const duration = await telemetry.metric('db.client.operation.duration')
    assert.equal(duration?.descriptor.unit, 's')
    const { hostname, port } = new URL(data.test.url)
    const attributes = {
      'db.system.name': data.test.system,
      'db.namespace': data.test.name,
      'server.address': hostname,
      'server.port': Number(port),
      'db.collection.name': 'item',
      'db.operation.name': 'SELECT',
    }
    const shown = duration.dataPoints.map((point) => {
      const { buckets, count, sum } = point.value as Histogram
      assert.deepEqual(buckets.boundaries, [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])
      assert.ok(sum! > 0 && sum! < 10)
      return [point.attributes, count]
    })
    assert.deepEqual(shown, [
      [attributes, 4],
      [{ ...attributes, 'error.type': '1146', 'db.response.status_code': '1146' }, 1],
    ])
  })

  it('do not exist without an SDK', async () => {
    const { repos, counted } = countingStats()
    using _stats = observeStats(counted)
    using _lookups = instrumentLookups()
    assert.equal((await repos.item!.findByKey(1))?.label, 'row 1')
    assert.equal(await telemetry.metric('kysely_lookup.misses'), undefined)
    assert.equal(counted.reads, 0)
  })
})
