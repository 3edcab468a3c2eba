import { once } from 'node:events'
import { listenOptions } from './setup/listen-options.ts'
import { prepareDatabase } from './setup/prepare-database.ts'
import { runProgram } from './setup/program.ts'
import { openServer } from './setup/server.ts'
import { startService } from './setup/service-process.ts'
import { runStep } from './setup/step.ts'

const page = new URL('./page/main.ts', import.meta.url)

/**
 * Sets everything up and keeps the example service running, with a page that shows it.
 *
 *     npm start [-- --port PORT --host HOST]
 */
await runProgram('start', async () => {
  const { host, port } = listenOptions(process.argv.slice(2))
  await using server = await runStep({
    title: 'Open a database',
    work: openServer,
    outcome: ({ description }) => description,
  })
  const { databaseUrl, description } = server
  await prepareDatabase(databaseUrl)
  await using service = await runStep({
    title: 'Start the service (examples/service), and a page that shows it (examples/page)',
    work: () =>
      startService({
        databaseUrl,
        port,
        program: page,
        env: { HOST: host, SERVER_DESCRIPTION: description },
      }),
    outcome: ({ url }) => url,
  })
  console.log(`
Open ${service.url} to see what kysely-lookup does in the service: start some
traffic, change a row by SQL, try a GraphQL query.

Ctrl-C stops it.`)
  const interrupted = Promise.race([
    once(process, 'SIGINT'),
    once(process, 'SIGTERM'),
    once(process, 'SIGHUP'),
  ])
  const reason = await Promise.race([interrupted, service.ended])
  if (!reason) throw new Error('the service ended by itself')
  console.log('Stopping the service and its database')
})
