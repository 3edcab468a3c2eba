import type { Sample } from '../sample.ts'
import { totalsOf } from './activity.ts'
import { byId, setText } from './element.ts'
import { countText, shareText } from './format.ts'

/** The figures at the top. */
export function showTotals(sample: Sample): void {
  const { lookups, statements, rowsHeld } = totalsOf(sample)
  const set = (id: string, text: string) => setText(byId(id, HTMLElement), text)
  const saved = Math.max(lookups - statements, 0)
  set('lookups', countText(lookups))
  set('statements', countText(statements))
  set('saved', countText(saved))
  set(
    'saved-note',
    lookups === 0 ? 'of none' : `${shareText(saved, lookups)} of what a query for each would send`,
  )
  set('held', countText(rowsHeld))
  set(
    'statements-note',
    sample.requests === 0
      ? 'to look up rows'
      : `${(statements / sample.requests).toFixed(2)} per request, to look up rows`,
  )
  set(
    'lookups-note',
    sample.requests === 0 ? 'calls of findByKey and the like' : `in ${countText(sample.requests)} requests`,
  )
}
