import type { Kysely } from 'kysely'
import { CommandError } from './command.ts'
import { type Connection, type ConnectionOptions, expectAnswer, findConnection } from './connection.ts'
import { describeFailure } from './failure.ts'

/** Runs `work` on the database that the options name, and closes it. A failure becomes one clear line. */
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
    // Not closed: the process is about to end, and a server that does not answer would delay it.
    const secrets = [options.url ?? ''].filter(Boolean)
    throw new CommandError(describeFailure(error, connection ?? { origin: 'the configuration', secrets }), {
      cause: error,
    })
  }
}
