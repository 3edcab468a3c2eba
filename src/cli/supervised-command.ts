import { failureCode } from './command.ts'
import { describeFailure } from './failure.ts'
import { main } from './main.ts'
import { notify, UNSETTLED } from './supervision.ts'

// Our supervisor is gone, and with it whoever wanted to know.
process.on('disconnect', () => process.exit())
process.channel?.unref()

// For instance a promise that a pool of the wrong kind made and nobody waits for.
for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
  process.on(event, (error: unknown) => {
    console.error(`kysely-lookup: ${describeFailure(error)}`)
    void end(failureCode(process.argv[2]))
  })
}

// Not a top-level await, of which Node would warn in words of its own.
process.on('beforeExit', () => process.exit(UNSETTLED))
void main(process.argv.slice(2)).then(end)

/** What a configuration file started, such as a timer or a second pool, does not keep the process alive. */
async function end(code: number): Promise<void> {
  await notify({ code })
  process.exit(code)
}
