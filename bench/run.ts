/** `npm run bench`: every measurement on every server, printed and kept in bench/results. */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { openServers } from './servers.ts'
import { measureStatementCost, type StatementCost } from './statement-cost.ts'

const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
console.log(`${machine.cores} × ${machine.cpu}, Node ${machine.node}\n`)
const results: StatementCost[] = []
const servers = await openServers()
if (servers.length === 1) {
  console.log(`measured on ${servers[0]!.name} alone; set BENCH_DATABASE_URLS to add others\n`)
}
for (const server of servers) {
  try {
    results.push(...(await measureStatementCost(server)))
  } finally {
    await server.stop()
  }
}
const figure = (ratio: number) => `${ratio.toFixed(2)} x`
console.table(
  results.map(({ in: microseconds, statement, repository, ...what }) => ({
    ...what,
    'in (?), µs': Math.round(microseconds),
    'bare statement': figure(statement),
    'repository, fresh scope': figure(repository),
  })),
)
await writeFile(
  new URL('results/statement-cost.json', import.meta.url),
  `${JSON.stringify({ machine, results }, null, 2)}\n`,
)
