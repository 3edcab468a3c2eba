/**
 * `npm run bench`: every case on every server.
 *
 * Each case is kept in bench/results and shown in docs/benchmarks.md as soon as it is measured, so that a run that is
 * cut off is not lost; a part of a case is only printed.
 *
 *     node bench/run.ts [--only hits,batch,…] [--what 'primary key'] [--quick]
 *     node bench/run.ts --show     measures nothing: shows what is kept once more
 */
import { parseArgs } from 'node:util'
import { batch } from './cases/batch.ts'
import { connections } from './cases/connections.ts'
import { fleet } from './cases/fleet.ts'
import { growth } from './cases/growth.ts'
import { hits } from './cases/hits.ts'
import { indexes } from './cases/indexes.ts'
import { machinePolls } from './cases/machine-polls.ts'
import { memory } from './cases/memory.ts'
import { poll } from './cases/poll.ts'
import { preload } from './cases/preload.ts'
import { scope } from './cases/scope.ts'
import { service } from './cases/service.ts'
import { startup } from './cases/startup.ts'
import { statements } from './cases/statements.ts'
import { store } from './cases/store.ts'
import { storeLarge } from './cases/store-large.ts'
import { visible } from './cases/visible.ts'
import { writes } from './cases/writes.ts'
import type { BenchContext } from './context.ts'
import { loadDataSet } from './data-set.ts'
import { showResults } from './documents.ts'
import type { Figure } from './figure.ts'
import { installPeers } from './install.ts'
import { describeMachine } from './machine.ts'
import { keptResults, readResults, withCase, writeResults } from './results.ts'
import { openServers } from './servers.ts'
import { printFigures } from './table.ts'

const CASES: Record<string, (context: BenchContext) => Promise<Figure[]>> = {
  hits,
  batch,
  service,
  scope,
  memory,
  preload,
  startup,
  growth,
  statements,
  writes,
  poll,
  visible,
  store,
  'machine-polls': machinePolls,
  fleet,
  indexes,
  connections,
  'store-large': storeLarge,
}

/** They take minutes for one figure. */
const ONLY_IF_NAMED = ['store-large']

const { values } = parseArgs({
  options: {
    ...{ only: { type: 'string' }, what: { type: 'string' } },
    ...{ quick: { type: 'boolean' }, show: { type: 'boolean' } },
  },
})
const names = values.only?.split(',') ?? Object.keys(CASES).filter((name) => !ONLY_IF_NAMED.includes(name))
for (const name of names) {
  if (!Object.hasOwn(CASES, name)) {
    throw new Error(`--only: the cases are ${Object.keys(CASES).join(', ')}, not ${name}`)
  }
}

if (values.show) {
  await showResults(await keptResults())
  process.exit()
}

installPeers()
const start = performance.now()
const servers = await openServers()
try {
  const machine = describeMachine(servers)
  console.log(`${machine.cores} × ${machine.cpu}, ${machine.memoryGB} GB, Node ${machine.node}`)
  console.log(machine.servers.join(', '))
  await Promise.all(servers.map(({ url }) => loadDataSet(url)))
  console.log(`data set loaded after ${seconds()} s`)
  const kept = await readResults(machine)
  // A part of a run takes the place of its last figures, not of those of another machine.
  const keep = !values.what && (kept !== undefined || !(values.only || values.quick))
  if (!keep)
    console.log('only printed: a part of a case, or a part of a run on another machine or other versions')
  let results = kept ?? { machine, cases: {}, figures: [] }
  for (const [index, name] of names.entries()) {
    const began = performance.now()
    const figures = await CASES[name]!({
      servers,
      quick: values.quick ?? false,
      wants: (what) => what.includes(values.what ?? ''),
      progress: (what) => console.error(`${seconds().padStart(5)} s  ${name}: ${what}`),
    }).catch((error) => {
      // The cases after it are measured all the same.
      console.error(`${name} failed:`, error)
      process.exitCode = 1
    })
    if (!figures) continue
    const run = {
      date: new Date().toISOString().slice(0, 10),
      seconds: Math.round((performance.now() - began) / 1_000),
      quick: values.quick ?? false,
      figures,
    }
    console.log(
      `\n${name} (${index + 1} of ${names.length}): ${run.seconds} s, ${seconds()} s since the start`,
    )
    printFigures(figures)
    if (!keep) continue
    results = withCase(results, name, run)
    await writeResults(results)
    await showResults(results)
  }
} finally {
  for (const server of servers) await server.stop()
}

function seconds(): string {
  return ((performance.now() - start) / 1_000).toFixed(0)
}
