import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { TableStats } from '../../src/index.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups, numbered } from '../support/lookups.ts'
import { readStatementForms, statementsFor } from '../support/statement-forms.ts'

describe('$stats', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...COUNTRIES, ...numbered('item', 2_000)])
    await data.track('country')
  })
  after(() => data[Symbol.asyncDispose]())

  type Level = 'hits' | 'scopeHits' | 'misses'

  /** What `work` adds to the counters of a table. */
  async function added(repos: AnyRepositories, table: string, work: () => unknown): Promise<number[]> {
    const levels: Level[] = ['hits', 'scopeHits', 'misses']
    const before = repos.$stats()[table]!
    await work()
    const after = repos.$stats()[table]!
    return levels.map((level) => after[level] - before[level])
  }

  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

  /** Three rows, an absence and a list, asked together. */
  const ask = (repos: AnyRepositories) =>
    Promise.all([
      repos.country!.findByKeys(['FR', 'fr', 'DE']),
      repos.country!.findByKey('XX'),
      repos.country!.findAllBy({ continent: 'EU' }),
    ])

  const places = {
    'outside a request': (_: AnyRepositories, work: () => Promise<unknown>) => work(),
    'in a request': (repos: AnyRepositories, work: () => Promise<unknown>) => repos.$request(work),
  }

  for (const [place, run] of Object.entries(places)) {
    it(`counts each key and list once, as a hit of the cache or a miss, ${place}`, async () => {
      const repos = data.repositories({ cache: { country: 'versioned' } })
      assert.deepEqual(await added(repos, 'country', () => run(repos, () => ask(repos))), [0, 0, 5])
      assert.deepEqual(await added(repos, 'country', () => run(repos, () => ask(repos))), [5, 0, 0])
    })
  }

  it("counts what the request's own memory answers", async () => {
    const repos = data.repositories()
    await repos.$request(async () => {
      assert.deepEqual(await added(repos, 'country', () => ask(repos)), [0, 0, 5])
      assert.deepEqual(await added(repos, 'country', () => ask(repos)), [0, 5, 0])
      const twice = () => repos.item!.findByKeys([...numbers(3), ...numbers(3)])
      assert.deepEqual(await added(repos, 'item', twice), [0, 3, 3])
    })
    assert.deepEqual(await added(repos, 'item', () => repos.item!.findByKeys(numbers(3))), [0, 0, 3])
  })

  it('counts batches by size, and what they answered', async () => {
    const repos = data.repositories({ maxBatchSize: 1_500 })
    for (const size of [1, 2, 3, 100, 101]) await repos.item!.findByKeys(numbers(size))
    await repos.item!.findByKeys([...numbers(1_998), 5_001, 5_002])
    const { batches, keysSent, batchSizes, statements, absences, misses } = repos.$stats().item!
    const counts = Object.fromEntries(
      batchSizes.counts.flatMap((count, index) =>
        count > 0 ? [[`${batchSizes.bounds[index]}`, count]] : [],
      ),
    )
    assert.deepEqual(counts, { 1: 1, 2: 1, 5: 1, 100: 1, 250: 1, 500: 1, 2500: 1 })
    const [form] = await readStatementForms()
    const sent = [1, 2, 3, 100, 101, 1_500, 500].map((size) => statementsFor(form, size))
    assert.deepEqual(
      { batches, keysSent, statements, absences, misses },
      {
        batches: 7,
        keysSent: 2_207,
        statements: sent.reduce((sum, count) => sum + count),
        absences: 2,
        misses: 2_207,
      },
    )
    assert.equal(batchSizes.counts.length, batchSizes.bounds.length + 1)
  })

  it('says how much is held of a version, and which one', async () => {
    const repos = data.repositories({ cache: { country: { mode: 'versioned', maxRows: 3 } } })
    const held = () => {
      const { rowsHeld, aliasesHeld, absencesHeld, listsHeld, evictions } = repos.$stats().country!
      return [rowsHeld, aliasesHeld, absencesHeld, listsHeld, evictions]
    }
    assert.deepEqual(held(), [0, 0, 0, 0, 0])
    for (const key of ['FR', 'fr', 'DE', 'XX']) await repos.country!.findByKey(key)
    await repos.country!.findAllBy({ continent: 'EU' })
    assert.deepEqual(held(), [2, 1, 1, 1, 0], 'found by a spelling')
    await repos.country!.findByKey({ alpha3: 'DEU' })
    assert.deepEqual(held(), [2, 3, 1, 1, 0], 'found by alpha3 each, now that it was asked for')
    for (const key of ['JP', 'CA', 'YY', 'ZZ']) await repos.country!.findByKey(key)
    assert.deepEqual(held(), [3, 3, 3, 1, 1], 'a row goes with what leads to it')
    await repos.country!.update('FR', { name: 'France' })
    assert.deepEqual(held(), [0, 0, 0, 0, 1])
  })

  it('says which version is held and for how long, and when versions were last verified', async () => {
    const repos = data.repositories({ cache: { country: 'versioned', item: 'immutable' } })
    const ages = ({ version, versionAge, verifiedAge }: TableStats) => ({ version, versionAge, verifiedAge })
    assert.deepEqual(ages(repos.$stats().country!), {
      version: undefined,
      versionAge: undefined,
      verifiedAge: undefined,
    })
    const began = performance.now()
    await Promise.all([repos.country!.findByKey('FR'), repos.item!.findByKey(1)])
    const [row] = await data.run("select sum(version) as v from lookup_version where table_name = 'country'")
    const { country, item } = repos.$stats()
    const passed = performance.now() - began
    assert.equal(country!.version, Number(row!.v))
    for (const age of [country!.versionAge, country!.verifiedAge, item!.verifiedAge]) {
      assert.ok(age !== undefined && age >= 0 && age <= passed)
    }
    assert.deepEqual([item!.version, item!.versionAge], [undefined, undefined])
    const later = repos.$stats().country!
    assert.ok(later.versionAge! > country!.versionAge! && later.verifiedAge! > country!.verifiedAge!)
  })

  it('is a copy that can be written as JSON', async () => {
    const repos = data.repositories()
    const before = repos.$stats().item!
    await repos.item!.findByKey(1)
    assert.deepEqual([before.misses, before.batchSizes.counts[0]], [0, 0])
    const { batchSizes } = JSON.parse(JSON.stringify(repos.$stats())).item
    assert.deepEqual(batchSizes, repos.$stats().item!.batchSizes)
  })
})
