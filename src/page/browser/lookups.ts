import type { Moment, TableState, Update } from '../sample.ts'
import { byId, setText } from './element.ts'
import { durationText } from './format.ts'
import { createLivePlots, LONGEST_SPAN } from './live-plots.ts'
import { startStream } from './stream.ts'
import { createTablesView } from './tables-view.ts'
import { showTotals } from './totals-view.ts'

/** Fills the page's elements with what the server sends. */
export function startLookups(): void {
  let moments: Moment[] = []
  let states = new Map<string, TableState>()
  let plots: ReturnType<typeof createLivePlots> | undefined
  let tables = createTablesView()

  function begin({ process, tables: all }: Update): void {
    moments = []
    states = new Map()
    tables = createTablesView()
    plots ??= createLivePlots(all)
    setText(byId('process', HTMLElement), process ?? '')
  }

  startStream((update) => {
    if (update.process !== undefined) begin(update)
    moments.push(...update.moments)
    const latest = moments.at(-1)
    if (!latest) return
    while (moments[0]!.at < latest.at - LONGEST_SPAN - 5_000) moments.shift()
    for (const state of update.tables) {
      states.set(state.name, state)
      tables.show(state)
    }
    tables.age(latest.at)
    showTotals(latest, states.values())
    showVerified(update.verifiedAge)
    plots?.show(moments)
  })
}

function showVerified(age: number | undefined): void {
  const text = age === undefined ? '' : `Versions were last verified ${durationText(age / 1_000)} ago.`
  setText(byId('verified', HTMLElement), text)
}
