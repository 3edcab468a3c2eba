import { randomBytes } from 'node:crypto'
import { createDatabase } from '../../src/index.ts'
import type { AnyDB, Lookups } from './lookups.ts'

/** What who migrates needs. */
export const ALL_RIGHTS = 'create, drop, alter, trigger, select, insert, update, delete'

/** A user of the test's database with these rights, and a database handle of theirs. */
export async function databaseUser(data: Pick<Lookups, 'run' | 'test'>, rights: string) {
  const name = `lookup_${randomBytes(4).toString('hex')}`
  const password = randomBytes(8).toString('hex')
  await data.run(
    `create user '${name}'@'%' identified by '${password}'`,
    `grant ${rights} on \`${data.test.name}\`.* to '${name}'@'%'`,
  )
  const url = new URL(data.test.url)
  url.username = name
  url.password = password
  const db = createDatabase<AnyDB>({ uri: url.href })
  const drop = () => data.run(`drop user if exists '${name}'@'%'`)
  return {
    db,
    url: url.href,
    drop,
    async [Symbol.asyncDispose]() {
      await db.destroy()
      await drop()
    },
  }
}
