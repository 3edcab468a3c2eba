import type { Moment, TableState } from '../sample.ts'
import { batchesOf, lookupsOf, marksOf, ratesOf } from './activity.ts'
import { byId } from './element.ts'
import { countText, plural } from './format.ts'
import { createPlot, type Series } from './plot.ts'

/** The longest and the shortest time (ms) that plots show. */
export const LONGEST_SPAN = 120_000
const SHORTEST_SPAN = 30_000

/** As many tables have a color of their own. */
const COLOURS = 8

const WHEN_EMPTY = 'Nothing yet: no lookups.'

/** The three plots. */
export function createLivePlots(tables: readonly TableState[]): { show(moments: readonly Moment[]): void } {
  const levels = createPlot({
    host: byId('plot-levels', HTMLElement),
    kind: 'stack',
    series: [
      { name: 'process-wide cache', className: 'level-process' },
      { name: 'request', className: 'level-request' },
      { name: 'store', className: 'level-store' },
      { name: 'database', className: 'level-database' },
    ],
    text: ([rate = 0]) => `${countText(rate)} / s`,
    label: 'Lookups per second by where the row came from',
    whenEmpty: WHEN_EMPTY,
  })
  const statements = createPlot({
    host: byId('plot-statements', HTMLElement),
    kind: 'lines',
    series: [
      { name: 'a query for each', className: 'line-without' },
      { name: 'sent', className: 'line-sent' },
    ],
    text: ([rate = 0]) => `${rate < 10 ? rate.toFixed(1) : countText(rate)} / s`,
    label: 'Statements per second with kysely-lookup and without',
    whenEmpty: WHEN_EMPTY,
  })
  const { series, seriesOf } = tableSeries(tables)
  const batches = createPlot({
    host: byId('plot-batches', HTMLElement),
    kind: 'dots',
    series,
    text: (sizes) => {
      const [least, most] = [Math.min(...sizes), Math.max(...sizes)]
      return least === most ? plural(most, 'key') : `${countText(least)} to ${plural(most, 'key')}`
    },
    label: 'Keys in each batch',
    whenEmpty: WHEN_EMPTY,
  })
  return {
    show(moments) {
      const now = moments.at(-1)!.at
      const span = Math.min(Math.max(now - moments[0]!.at, SHORTEST_SPAN), LONGEST_SPAN)
      const shared = { now, span, marks: marksOf(moments).filter(({ at }) => at >= now - span) }
      const rates = (...counts: ((moment: Moment) => number)[]) => ratesOf(moments, counts)
      levels.show({
        ...shared,
        ...rates(
          ({ process }) => process,
          ({ request }) => request,
          ({ store }) => store,
          ({ database }) => database,
        ),
      })
      statements.show({ ...shared, ...rates(lookupsOf, (moment) => moment.statements) })
      batches.show({ ...shared, ...batchesOf(moments, { series: series.length, seriesOf }) })
    },
  }
}

/** Each table has a series, or the busiest ones, and the others together have one. */
function tableSeries(tables: readonly TableState[]): {
  readonly series: readonly Series[]
  readonly seriesOf: (table: string) => number
} {
  const busiest = tables.toSorted((one, other) => other.statements - one.statements)
  const shown = tables.length <= COLOURS ? tables : busiest.slice(0, COLOURS - 1)
  const names = [...shown.map(({ name }) => name), ...(shown === tables ? [] : ['other tables'])]
  const positions = new Map(shown.map(({ name }, index) => [name, index]))
  return {
    series: names.map((name, index) => ({ name, className: `table-${index}` })),
    seriesOf: (table) => positions.get(table) ?? names.length - 1,
  }
}
