/**
 * A process that is ended in the middle of an amend: it changes a row, says so, and stays. `commit` in its arguments
 * makes it end the transaction itself before.
 */
import { createDatabase } from '../../../src/index.ts'
import { amend } from '../../../src/migration/index.ts'
import type { AnyDB } from '../lookups.ts'

const [uri, how] = process.argv.slice(2)
const db = createDatabase<AnyDB>({ uri })
setInterval(() => {}, 60_000)

await amend(db, 'city', async (trx) => {
  await trx.updateTable('city').set({ name: 'half-way' }).where('id', '=', 1).execute()
  if (how === 'commit') await trx.schema.createTable('committed').addColumn('id', 'integer').execute()
  console.log('changed')
  await new Promise(() => {})
})
