/** What `npm run bench` keeps and draws of its figures. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { drawChart } from '../../bench/chart.ts'
import type { Figure } from '../../bench/figure.ts'
import { type Results, withCase } from '../../bench/results.ts'
import { type Comparison, compare } from '../../bench/rounds.ts'
import { cellOf } from '../../bench/table.ts'

const figure = (own: Partial<Figure>): Figure => ({
  case: 'hits',
  server: 'MariaDB 10.11',
  what: 'primary key, 1,000 hot rows',
  side: 'await map.get(k)',
  unit: 'ns',
  value: 100,
  ...own,
})
const run = { date: '2026-11-25', seconds: 60, quick: false }
const nothing: Results = {
  machine: { cpu: 'some', cores: 2, memoryGB: 24, node: 'v24', servers: [], packages: {} },
  cases: {},
  figures: [],
}

describe('the results of a benchmark', () => {
  it('hold the last run of each case, whatever else was measured with it', () => {
    const both = withCase(
      withCase(nothing, 'hits', { ...run, figures: [figure({}), figure({ side: 'gone since' })] }),
      'batch',
      { ...run, figures: [figure({ case: 'batch' })] },
    )
    const again = withCase(both, 'hits', { ...run, seconds: 30, figures: [figure({ value: 90 })] })
    assert.deepEqual(again.cases, { hits: { ...run, seconds: 30 }, batch: run })
    assert.deepEqual(
      again.figures.map(({ case: name, side, value }) => [name, side, value]),
      [
        ['batch', 'await map.get(k)', 100],
        ['hits', 'await map.get(k)', 90],
      ],
    )
  })

  it('keep a thorough run when a first look follows, and replace a first look', () => {
    const thorough = withCase(nothing, 'hits', { ...run, figures: [figure({})] })
    assert.equal(withCase(thorough, 'hits', { ...run, quick: true, figures: [] }), thorough)
    const look = withCase(nothing, 'hits', { ...run, quick: true, figures: [] })
    assert.equal(withCase(look, 'hits', { ...run, figures: [figure({})] }).figures.length, 1)
  })
})

describe('a comparison', () => {
  const side = (samples: readonly object[]) => async () => {
    let next = 0
    return { round: async () => ({ ...samples[next++ % samples.length]! }), stop: async () => {} }
  }

  it('divides value and processor time by those of the same round', async () => {
    const compared = await compare({
      baseline: 'map',
      processes: 2,
      rounds: 3,
      warmup: 0,
      sides: {
        map: side([
          { ns: 10, cpu: 8 },
          { ns: 100, cpu: 8 },
          { ns: 10, cpu: 16 },
        ]),
        lookup: side([
          { ns: 20, cpu: 12, statements: 4 },
          { ns: 200, cpu: 12, statements: 5 },
          { ns: 20, cpu: 24, statements: 5 },
        ]),
      },
    })
    assert.deepEqual(compared.lookup, {
      value: 20,
      ratio: 2,
      quartiles: [2, 2],
      cpu: { value: 12, ratio: 1.5 },
      more: { statements: 5 },
    })
    const { cpu, more, quartiles, ratio, value }: Extract<Comparison, { value: number }> =
      compared.lookup as Extract<Comparison, { value: number }>
    assert.equal(
      cellOf(figure({ value, ratio, quartiles, cpu, more })),
      '20 × 2 (2–2) cpu 12 × 1.5 statements 5',
    )
  })

  it('says nothing of processor time where no side measures it', async () => {
    const bytes = side([{ bytes: 80 }])
    const compared = await compare({
      baseline: 'map',
      processes: 1,
      rounds: 3,
      warmup: 0,
      sides: { map: bytes, lookup: bytes },
    })
    assert.deepEqual(compared.lookup, { value: 80, ratio: 1, quartiles: [1, 1], more: {} })
  })
})

describe('the chart', () => {
  it('is not drawn without figures', () => {
    assert.equal(drawChart([]), undefined)
    assert.equal(drawChart([figure({ case: 'poll' })]), undefined)
  })

  it('has a bar for each side, best first, on a logarithmic scale', () => {
    const svg = drawChart([
      figure({ side: 'findByKey, immutable', value: 1_000 }),
      figure({ value: 100 }),
      figure({ side: 'a <library>', value: 10_000 }),
      figure({ side: 'Drizzle', value: undefined, cannot: 'asks the server each time' }),
    ])!
    const bars = [...svg.matchAll(/<rect class="(\w+)" x="252" y="[\d.]+" width="([\d.]+)"/g)]
    assert.deepEqual(
      bars.map(([, kind]) => kind),
      ['hand', 'ours', 'peer'],
    )
    const [hand = 0, ours = 0, peer = 0] = bars.map(([, , width]) => Number(width))
    assert.ok(hand > 0)
    assert.ok(Math.abs(ours - hand - (peer - ours)) < 0.3, `${hand}, ${ours}, ${peer}`)
    assert.match(svg, /a &lt;library&gt;/)
    assert.doesNotMatch(svg, /Drizzle/)
    assert.match(svg, /prefers-color-scheme: dark/)
  })
})
