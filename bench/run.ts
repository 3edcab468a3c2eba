/** `npm run bench`: every measurement on every server, printed and kept in bench/results. */
import { writeFile } from 'node:fs/promises'
import { cpus } from 'node:os'
import { type HitCost, measureHitCost } from './hit-cost.ts'
import { measurePollCost, type PollCost } from './poll-cost.ts'
import { openServers } from './servers.ts'
import { measureStatementCost, type StatementCost } from './statement-cost.ts'
import { measureWriteCost, type WriteCost } from './write-cost.ts'

const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version }
console.log(`${machine.cores} × ${machine.cpu}, Node ${machine.node}\n`)
const statements: StatementCost[] = []
const hits: HitCost[] = []
const writes: WriteCost[] = []
const polls: PollCost[] = []
const servers = await openServers()
if (servers.length === 1) {
  console.log(`measured on ${servers[0]!.name} alone; set BENCH_DATABASE_URLS to add others\n`)
}
for (const server of servers) {
  try {
    statements.push(...(await measureStatementCost(server)))
    hits.push(...(await measureHitCost(server)))
    writes.push(...(await measureWriteCost(server)))
    polls.push(...(await measurePollCost(server)))
  } finally {
    await server.stop()
  }
}
const figure = (ratio: number) => `${ratio.toFixed(2)} x`
console.log('Statements, against query(… in (?)):')
console.table(
  statements.map(({ in: microseconds, statement, repository, ...what }) => ({
    ...what,
    'in (?), µs': Math.round(microseconds),
    'bare statement': figure(statement),
    'repository, fresh scope': figure(repository),
  })),
)
console.log('Hits, against a bare Map:')
console.table(
  hits.map(({ ratio, nanoseconds, ...what }) => ({
    ...what,
    ns: Math.round(nanoseconds),
    ratio: figure(ratio),
  })),
)
console.log('Writes, with the triggers of trackVersion against without:')
console.table(
  writes.map(({ ratio, plain, tracked, ...what }) => ({
    ...what,
    plain: Math.round(plain),
    tracked: Math.round(tracked),
    ratio: figure(ratio),
  })),
)
console.log('A poll of the versions, against select 1:')
console.table(
  polls.map(({ ratio, nothing, poll, ...what }) => ({
    ...what,
    'select 1, µs': Math.round(nothing),
    'poll, µs': Math.round(poll),
    ratio: figure(ratio),
  })),
)
for (const [name, results] of Object.entries({
  'statement-cost': statements,
  'hit-cost': hits,
  'write-cost': writes,
  'poll-cost': polls,
})) {
  await writeFile(
    new URL(`results/${name}.json`, import.meta.url),
    `${JSON.stringify({ machine, results }, null, 2)}\n`,
  )
}
