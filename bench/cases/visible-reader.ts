/** A process that holds a row of `visible` and tells when it notices that the row has changed: `visible-reader.ts URL DOORBELL REDIS`. */
import { subscribe } from 'node:diagnostics_channel'
import { binlogDoorbell } from '../../src/binlog/index.ts'
import { createDatabase, createRepositories, type Doorbell, type GenerationMessage } from '../../src/index.ts'
import { redisDoorbell } from '../../src/redis/index.ts'
import { metadataOf } from '../../test/support/lookups.ts'

const [url = '', kind = '', redis = ''] = process.argv.slice(2)
const doorbells: Record<string, () => Doorbell | undefined> = {
  poll: () => undefined,
  Redis: () => redisDoorbell({ url: redis }),
  'binary log': () => binlogDoorbell({ uri: url }),
}
const doorbell = doorbells[kind]!()
const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: url })
const repos = createRepositories({
  db,
  tables: await metadataOf(db as never),
  cache: { visible: 'versioned' },
  ...(doorbell && { versions: { doorbell } }),
})
const table = repos.$table('visible') as unknown as { findByKey(key: number): Promise<{ value: number }> }

const noticed = Promise.withResolvers<void>()
let waiting = noticed
subscribe('kysely-lookup:generation', (message) => {
  if ((message as GenerationMessage).version !== undefined) waiting.resolve()
})
const listening = Promise.withResolvers<void>()
if (!doorbell) listening.resolve()
subscribe('kysely-lookup:doorbell', (message) => {
  const { state, error } = message as { state: string; error?: Error }
  if (state === 'listening') listening.resolve()
  else listening.reject(error)
})

process.on('message', () => void wait())
await table.findByKey(1)
await listening.promise
process.send!('ready')

/** The clock is one for all processes of the machine. */
async function wait(): Promise<void> {
  const { value: before } = await table.findByKey(1)
  process.send!('waiting')
  for (;;) {
    await waiting.promise
    const at = process.hrtime.bigint()
    waiting = Promise.withResolvers()
    const { value } = await table.findByKey(1)
    if (value === before) continue
    process.send!({ at: String(at) })
    return
  }
}
