#!/usr/bin/env node
import { describeFailure } from './failure.ts'
import { failureCode, main } from './main.ts'

// A reader that has seen enough (`--print | head`) is no failure.
process.stdout.on('error', () => process.exit(0))

// For instance a promise that a pool of the wrong kind made and nobody waits for.
process.on('unhandledRejection', (error) => {
  console.error(`kysely-lookup: ${describeFailure(error)}`)
  process.exit(failureCode(process.argv[2]))
})

const code = await main(process.argv.slice(2))
// What a configuration file started, such as a timer or a second pool, must not keep the process alive.
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
