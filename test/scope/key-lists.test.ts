import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { after, before, describe, it } from 'node:test'
import { COUNTRIES, type Lookups, lookups, numbered } from '../support/lookups.ts'
import { readStatementForms, statementsFor } from '../support/statement-forms.ts'

const [FORM] = await readStatementForms()
const SIZE = 1_000

describe('a list of keys in a request', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...COUNTRIES, ...numbered('plain', SIZE), ...numbered('fixed', SIZE)])
  })
  after(() => data[Symbol.asyncDispose]())

  const ids = Array.from({ length: SIZE }, (_, index) => index + 1)

  for (const table of ['plain', 'fixed']) {
    it(`is one load: a promise for all of its keys, not for each (${table})`, async () => {
      const repos = data.repositories({ cache: { fixed: 'immutable' } })
      await repos.$ready()
      const request = repos.$forRequest()
      let promises = 0
      const hook = createHook({
        init(_, type) {
          if (type === 'PROMISE') promises++
        },
      })
      const counts = await data.counter.during(async () => {
        hook.enable()
        const rows = await request.$table(table).findByKeys(ids)
        hook.disable()
        assert.equal(rows.filter(Boolean).length, SIZE)
      })
      assert.equal(counts.Com_select, statementsFor(FORM, SIZE))
      assert.ok(promises < 200, `${promises} promises`)
    })
  }

  it('answers what was asked for before, or with it, with the same objects', async () => {
    const { country } = data.repositories().$forRequest()
    const france = country!.findByKey('FR')
    const list = country!.findByKeys(['FR', 'DE', 'DE', 'XX', { alpha3: 'JPN' }, null, 'fr'])
    const [germany, japan] = [country!.findByKey('DE'), country!.findByKey({ alpha3: 'JPN' })]
    const [fr, de, again, xx, jp, none, spelled] = await list
    assert.deepEqual([fr, spelled], [await france, await france])
    assert.equal(spelled, fr)
    assert.deepEqual([de, again], [await germany, await germany])
    assert.equal(de, await germany)
    assert.equal(again, de)
    assert.equal(jp, await japan)
    assert.deepEqual([xx, none], [undefined, undefined])
    const { Com_select } = await data.counter.during(async () => {
      const rows = await country!.findByKeys(['JP', 'DE', 'FR', 'XX'])
      assert.deepEqual(rows, [jp, de, fr, undefined])
      assert.equal(rows[0], jp)
    })
    assert.equal(Com_select, 0)
  })

  it('waits for another list that has some of its keys', async () => {
    const repos = data.repositories()
    await repos.$ready()
    const { country } = repos.$forRequest()
    const counts = await data.counter.during(async () => {
      const [one, other] = await Promise.all([
        country!.findByKeys(['FR', 'DE']),
        country!.findByKeys(['DE', 'JP']),
      ])
      assert.equal(one[1], other[0])
      assert.equal(other[1]?.code, 'JP')
    })
    assert.equal(counts.Com_select, statementsFor(FORM, 3))
  })

  it('is not remembered when it fails', async () => {
    const { country } = data.repositories().$forRequest()
    await country!.findByKey('FR')
    await data.without('country', async () => {
      const [list, one] = await Promise.allSettled([
        country!.findByKeys(['FR', 'DE']),
        country!.findByKey('DE'),
      ])
      assert.deepEqual([list.status, one.status], ['rejected', 'rejected'])
    })
    assert.deepEqual(
      (await country!.findByKeys(['FR', 'DE'])).map((row) => row?.name),
      ['France', 'Germany'],
    )
  })

  it('answers its caller, and nobody later, when the request is told to forget meanwhile', async () => {
    const { country } = data.repositories().$forRequest()
    await country!.findByKey('JP')
    const list = country!.findByKeys(['FR', 'DE'])
    // It is under way.
    await new Promise(setImmediate)
    country!.clear('FR')
    const again = country!.findByKey('FR')
    const [fr, de] = await list
    assert.equal(fr?.name, 'France')
    assert.notEqual(await again, fr)
    assert.notEqual(await country!.findByKey('DE'), de, 'what was under way may be what was to be forgotten')
  })
})
