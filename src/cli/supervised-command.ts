import { failureCode } from './command.ts'
import { describeFailure } from './failure.ts'
import { main } from './main.ts'
import { notify, UNSETTLED } from './supervision.ts'

// The supervisor is gone.
process.on('disconnect', () => process.exit())
process.channel?.unref()

// For instance a promise of a pool of the wrong kind that nobody awaits.
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    console.error(`kysely-lookup: ${describeFailure(error)}`)
    void end(failureCode(process.argv[2]))
  })
}

// A top-level await would add a warning of Node's.
process.on('beforeExit', () => process.exit(UNSETTLED))
void main(process.argv.slice(2)).then(end)

/** Exits even if a configuration file started a timer or a second pool. */
async function end(code: number): Promise<void> {
  await notify({ code })
  process.exit(code)
}
