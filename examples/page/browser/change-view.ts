import { byId, make } from '/lookups/element.js'
import { countText, millisecondsText, plural } from '/lookups/format.js'
import type { RowChangeDescription, RowChangeResult } from '../live-events.ts'
import { post } from './stream.ts'

/** Asks the server to change a row, and shows the result. */
export function createChangeView() {
  const form = byId('change-form', HTMLFormElement)
  const select = byId('change-row', HTMLSelectElement)
  const button = form.querySelector('button')!
  const result = byId('change-result', HTMLElement)

  form.onsubmit = async (event) => {
    event.preventDefault()
    button.disabled = true
    result.replaceChildren(make('p', 'note', 'Waiting until the service sees it …'))
    try {
      await post(`/changes/${select.value}`)
    } catch (error) {
      result.replaceChildren(make('p', 'problem', (error as Error).message))
    }
    button.disabled = false
  }

  return {
    offer(changes: readonly RowChangeDescription[]): void {
      if (select.options.length > 0) return
      select.append(
        ...changes.map(({ id, table, row, column }) => new Option(`${table}, ${row}: ${column}`, id)),
      )
    },
    show(change: RowChangeResult): void {
      const { table, sql, before, after, versionBefore, versionAfter, seenAfter, dropped } = change
      const step = (title: string, ...content: (Element | string)[]) =>
        make('li', '', make('span', 'step', title), make('div', '', ...content))
      result.replaceChildren(
        make(
          'ol',
          'steps',
          step('SQL', make('code', 'sql', sql)),
          step(
            'Version',
            make('code', '', countText(Number(versionBefore))),
            ' → ',
            make('code', 'new-version', countText(Number(versionAfter))),
            make('span', 'note', `moved by a trigger on ${table}, in the same transaction`),
          ),
          step(
            'Service',
            make('del', '', before),
            ' → ',
            make('ins', '', after),
            make(
              'span',
              'note',
              `answered ${millisecondsText(seenAfter)} after the UPDATE; ${plural(dropped, 'row')} of the old version dropped`,
            ),
          ),
        ),
      )
    },
  }
}
