import type { Sample } from '../sample.ts'
import { createChangeView } from './change-view.ts'
import { byId, setText } from './element.ts'
import { createLivePlots } from './live-plots.ts'
import { LONGEST_SPAN } from './plot-data.ts'
import { showQueryCost } from './query-view.ts'
import { startStream } from './stream.ts'
import { createTablesView } from './tables-view.ts'
import { startTheme } from './theme.ts'
import { showTotals } from './totals-view.ts'
import { createTrafficControl } from './traffic-control.ts'

startTheme()
const traffic = createTrafficControl()
const change = createChangeView()
let plots: ReturnType<typeof createLivePlots> | undefined
let tables: ReturnType<typeof createTablesView> | undefined
let samples: Sample[] = []

function show(): void {
  const sample = samples.at(-1)!
  showTotals(sample)
  traffic.showSpeed(samples.at(-5), sample)
  tables?.show(sample)
  plots?.show(samples)
}

startStream({
  welcome(welcome) {
    samples = [...welcome.samples]
    plots ??= createLivePlots(welcome.tables.map(({ name }) => name))
    tables = createTablesView(welcome.tables)
    change.offer(welcome.changes)
    traffic.show(welcome.traffic)
    setText(
      byId('server', HTMLElement),
      `${welcome.server}. The service itself: ${welcome.serviceUrl}/shipments`,
    )
    show()
  },
  sample(sample) {
    samples.push(sample)
    while (samples[0]!.at < sample.at - LONGEST_SPAN - 5_000) samples.shift()
    show()
  },
  traffic: traffic.show,
  change: change.show,
  query: showQueryCost,
})
