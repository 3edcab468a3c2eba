import type { Kysely } from 'kysely'
import { CommandError } from './command.ts'
import { type Connection, type ConnectionOptions, expectAnswer, findConnection } from './connection.ts'
import { describeFailure } from './failure.ts'

/** Runs `work` on the database that the user means and closes its connections; failures become one clear line. */
export async function withConnection<T>(
  options: ConnectionOptions,
  work: (db: Kysely<unknown>) => Promise<T>,
): Promise<T> {
  let connection: Connection | undefined
  try {
    connection = await findConnection(options)
    await expectAnswer(connection)
    const result = await work(connection.db)
    await connection.db.destroy()
    return result
  } catch (error) {
    // Not closed here: the process is about to end, and a server that does not answer would hold it.
    const secrets = [options.url ?? ''].filter(Boolean)
    throw new CommandError(describeFailure(error, connection ?? { origin: 'the configuration', secrets }), {
      cause: error,
    })
  }
}
