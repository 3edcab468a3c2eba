import { compare } from './comparison/compare.ts'
import { comparisonTable } from './comparison/table.ts'
import { prepareDatabase } from './setup/prepare-database.ts'
import { runProgram } from './setup/program.ts'
import { openServer } from './setup/server.ts'
import { runStep } from './setup/step.ts'

const load = { rounds: 3, requests: 150, concurrency: 20 }

/** Sets everything up, then sends the same requests to the example service with and without kysely-lookup. */
await runProgram('demo', async () => {
  await using server = await runStep({
    title: 'Open a database',
    work: openServer,
    outcome: ({ description }) => description,
  })
  const { databaseUrl, description } = server
  await prepareDatabase(databaseUrl)
  const comparison = await runStep({
    title: `Send HTTP requests to examples/service: ${load.requests} pages of 25 shipments, ${load.concurrency} at a time`,
    work: () => compare({ ...load, databaseUrl, log: (line) => console.log(`  ${line}`) }),
    outcome: () => 'the same answers from all',
  })
  console.log(`
${description}, medians of ${load.rounds} rounds:

${comparisonTable(comparison)}

It is one service. Each shipment of a page asks for its cities, their countries, a currency, a language and a
time zone, wherever the code needs them; one statement per request reads the page itself. Cold: a fresh process.
Warm: the same requests again, with the reference tables in its process-wide cache.
Restarted: a fresh process over an lmdb store that an earlier one has filled.

Next: npm start keeps the service running; examples/service is how it is written.`)
})
