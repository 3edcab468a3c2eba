import type { Sample } from '../sample.ts'
import { batchesOf, marksOf, ratesOf } from './activity.ts'
import { byId } from './element.ts'
import { countText, plural } from './format.ts'
import { createPlot } from './plot.ts'
import { LONGEST_SPAN, SHORTEST_SPAN } from './plot-data.ts'
import { linearScale, powerScale } from './scale.ts'

const NO_TRAFFIC = 'Nothing yet: start some traffic.'

/** The three plots. Each of `tables` has a color. */
export function createLivePlots(tables: readonly string[]): { show(samples: readonly Sample[]): void } {
  const levels = createPlot({
    host: byId('plot-levels', HTMLElement),
    kind: 'stack',
    series: [
      { name: 'process-wide cache', className: 'level-process' },
      { name: 'request', className: 'level-request' },
      { name: 'database', className: 'level-database' },
    ],
    scale: linearScale,
    text: ([rate = 0]) => `${countText(rate)} / s`,
    label: 'Lookups per second by where the row came from',
    whenEmpty: NO_TRAFFIC,
  })
  const statements = createPlot({
    host: byId('plot-statements', HTMLElement),
    kind: 'lines',
    series: [
      { name: 'a query for each', className: 'line-without' },
      { name: 'sent', className: 'line-sent' },
    ],
    scale: (largest) => powerScale(largest, { from: 0 }),
    text: ([rate = 0]) => `${rate < 10 ? rate.toFixed(1) : countText(rate)} / s`,
    label: 'Statements per second with kysely-lookup and without',
    whenEmpty: NO_TRAFFIC,
  })
  const batches = createPlot({
    host: byId('plot-batches', HTMLElement),
    kind: 'dots',
    series: tables.map((name, index) => ({ name, className: `table-${index}` })),
    scale: (largest) => powerScale(largest, { from: 1 }),
    text: batchText,
    label: 'Keys in each statement',
    whenEmpty: NO_TRAFFIC,
  })
  return {
    show(samples) {
      const now = samples.at(-1)!.at
      const span = Math.min(Math.max(now - samples[0]!.at, SHORTEST_SPAN), LONGEST_SPAN)
      const marks = marksOf(samples)
      levels.show({
        now,
        span,
        marks,
        moments: ratesOf(samples, ({ process, request, database }) => [process, request, database]),
      })
      statements.show({
        now,
        span,
        marks,
        moments: ratesOf(samples, (totals) => [totals.lookups, totals.statements]),
      })
      batches.show({ now, span, marks, dots: batchesOf(samples, tables) })
    },
  }
}

function batchText(sizes: readonly number[]): string {
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
  const keys = least === most ? plural(most, 'key') : `${countText(least)} to ${plural(most, 'key')}`
  return sizes.length === 1 ? keys : `${sizes.length} statements of ${keys}`
}
