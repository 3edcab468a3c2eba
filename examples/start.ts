import { once } from 'node:events'
import { prepareDatabase } from './setup/prepare-database.ts'
import { runProgram } from './setup/program.ts'
import { openServer } from './setup/server.ts'
import { startService } from './setup/service-process.ts'
import { runStep } from './setup/step.ts'

/** Sets everything up and keeps the example service running. */
await runProgram('start', async () => {
  await using server = await runStep({
    title: 'Open a database',
    work: openServer,
    outcome: ({ description }) => description,
  })
  const { databaseUrl } = server
  await prepareDatabase(databaseUrl)
  await using service = await runStep({
    title: 'Start the service (examples/service/main.ts)',
    work: () => startService({ databaseUrl, port: Number(process.env.PORT ?? 0) }),
    outcome: ({ url }) => url,
  })
  console.log(`
The service runs at ${service.url}. Try:

  curl '${service.url}/shipments?page=1'
  curl ${service.url}/shipments/42
  curl ${service.url}/health

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
