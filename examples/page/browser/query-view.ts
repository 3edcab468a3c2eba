import { byId, make } from '/lookups/element.js'
import { countText, millisecondsText, plural } from '/lookups/format.js'
import type { QueryCost, Way, WayCost } from '../live-events.ts'

const NAMES: Readonly<Record<Way, string>> = {
  plain: 'Plain Kysely',
  request: 'kysely-lookup, nothing cached',
  process: 'kysely-lookup, in this service',
}

const NOTES: Readonly<Record<Way, string>> = {
  plain: 'a query each time a row is needed',
  request: 'request scope and batches alone',
  process: 'with the process-wide cache',
}

/** What the last query cost in each way. */
export function showQueryCost({ ways, sameAnswer }: QueryCost): void {
  const most = Math.max(1, ...ways.map(({ statements }) => statements))
  byId('query-cost', HTMLElement).replaceChildren(
    ...ways.map((cost) => wayElement(cost, most)),
    make(
      'p',
      'note',
      sameAnswer
        ? 'All gave the same answer. One statement of each reads the shipments themselves.'
        : 'The answers differ: something changed meanwhile.',
    ),
  )
}

function wayElement({ way, statements, milliseconds, texts }: WayCost, most: number): HTMLElement {
  const bar = make('div', `way-bar ${way}`)
  bar.style.width = `${(100 * statements) / most}%`
  const list = make(
    'ol',
    'texts',
    ...texts.map(({ sql, count }) =>
      make('li', '', make('b', '', `${countText(count)} ×`), make('code', '', sql)),
    ),
  )
  const details = make(
    'details',
    '',
    make(
      'summary',
      '',
      make('b', 'statements', plural(statements, 'statement')),
      ` in ${millisecondsText(milliseconds)}`,
    ),
    list,
  )
  const element = make(
    'div',
    'way',
    make('div', 'way-name', make('strong', '', NAMES[way]), make('span', 'note', NOTES[way])),
    make('div', 'way-track', bar),
    details,
  )
  element.dataset.way = way
  return element
}
