/** A process that reads, fails, closes its database and has nothing left to do: `URL`, and a line on standard input. */
import { once } from 'node:events'
import { createDatabase, createRepositories } from '../../../src/index.ts'
import { type AnyDB, type AnyRepositories, metadataOf } from '../lookups.ts'

const db = createDatabase<AnyDB>({ uri: process.argv[2] })
const repos = createRepositories({
  db,
  tables: await metadataOf(db),
  cache: { country: 'versioned' },
  timeout: 4_000,
  versions: { pollInterval: 50, pollTimeout: 300 },
}) as unknown as AnyRepositories
await Promise.all(['city', 'country', 'product'].map((name) => repos.$table(name).findByKey('one')))
console.log('ready')
await once(process.stdin, 'data')
process.stdin.destroy()
const outcome = await repos.product!.findByKey('two').catch((error) => error.code)
await repos.$close()
await db.destroy()
console.log(outcome)
