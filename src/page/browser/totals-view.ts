import type { Moment, TableState } from '../sample.ts'
import { lookupsOf } from './activity.ts'
import { byId, setText } from './element.ts'
import { countText, shareText } from './format.ts'

/** The figures at the top. */
export function showTotals(latest: Moment, tables: Iterable<TableState>): void {
  const set = (id: string, text: string) => setText(byId(id, HTMLElement), text)
  const { statements } = latest
  const lookups = lookupsOf(latest)
  const saved = Math.max(lookups - statements, 0)
  let held = 0
  for (const { rowsHeld } of tables) held += rowsHeld
  set('lookups', countText(lookups))
  set('statements', countText(statements))
  set('saved', countText(saved))
  set(
    'saved-note',
    lookups === 0 ? 'of none' : `${shareText(saved, lookups)} of what a query for each would send`,
  )
  set('held', countText(held))
}
