/**
 * `npm run bench`: every case on every server.
 *
 * A whole run is kept in bench/results and shown in docs/benchmarks.md; a part of one is only printed.
 *
 *     node bench/run.ts [--only hits,batch,…] [--what 'primary key'] [--quick]
 */
import { parseArgs } from 'node:util'
import { batch } from './cases/batch.ts'
import { growth } from './cases/growth.ts'
import { hits } from './cases/hits.ts'
import { memory } from './cases/memory.ts'
import { poll } from './cases/poll.ts'
import { preload } from './cases/preload.ts'
import { scope } from './cases/scope.ts'
import { service } from './cases/service.ts'
import { startup } from './cases/startup.ts'
import { statements } from './cases/statements.ts'
import { writes } from './cases/writes.ts'
import type { BenchContext } from './context.ts'
import { loadDataSet } from './data-set.ts'
import type { Figure } from './figure.ts'
import { installPeers } from './install.ts'
import { describeMachine } from './machine.ts'
import { keepResults } from './results.ts'
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
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, what: { type: 'string' }, quick: { type: 'boolean' } },
})
const names = values.only?.split(',') ?? Object.keys(CASES)
for (const name of names) {
  if (!Object.hasOwn(CASES, name)) {
    throw new Error(`--only: the cases are ${Object.keys(CASES).join(', ')}, not ${name}`)
  }
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
  const figures: Figure[] = []
  for (const name of names) {
    const own = await CASES[name]!({
      servers,
      quick: values.quick ?? false,
      wants: (what) => what.includes(values.what ?? ''),
    })
    console.log(`\n${name}, after ${seconds()} s`)
    printFigures(own)
    figures.push(...own)
  }
  // What the documentation shows is of one whole run.
  if (!values.only && !values.what && !values.quick) {
    const date = new Date().toISOString().slice(0, 10)
    await keepResults({ date, seconds: (performance.now() - start) / 1_000, machine, figures })
  }
} finally {
  for (const server of servers) await server.stop()
}

function seconds(): string {
  return ((performance.now() - start) / 1_000).toFixed(0)
}
