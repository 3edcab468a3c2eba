import { createDatabase } from '../../../src/index.ts'
import { createVersionTable, trackVersion } from '../../../src/migration/index.ts'
import { createTestDatabase, runStatements } from '../../support/server.ts'
import { createTemporaryFolder } from '../../support/temporary-folder.ts'
import { boundOf } from '../bound.ts'
import { checkHistory, type Verdict } from '../checker.ts'
import { now } from '../clock.ts'
import { historyOf, type WriteEvent } from '../events.ts'
import type { Fault } from '../faults.ts'
import { codeOf, groupOf, ITEM, initialValue, keysOf } from '../table.ts'
import { type Puppet, startPuppet } from './puppets.ts'
import type { Scene } from './scenes.ts'

const KEYS = keysOf(0, 200)
const POLLING = { pollInterval: 20, pollTimeout: 1_000 }
const BOUND = boundOf(POLLING)

/** Lets processes play a scene over a store of their own, and judges what they have read. */
export async function playScene(scene: Scene, fault?: Fault): Promise<Verdict> {
  await using test = await createTestDatabase({ name: 'staged' })
  await using folder = await createTemporaryFolder('staged')
  const rows = KEYS.filter((key) => initialValue(key) !== 0)
  const values = rows.map((key) => `(${key}, '${codeOf(key)}', ${groupOf(key)}, ${initialValue(key)})`)
  await runStatements(test.url, ITEM, `insert into item values ${values.join(', ')}`)
  await track(test.url)
  const puppets: Puppet[] = []
  const writes: WriteEvent[] = []
  let value = 10_000
  try {
    await scene.play({
      bound: BOUND,
      async start() {
        const place = { url: test.url, path: folder.join('store'), process: puppets.length }
        const puppet = await startPuppet({ ...place, ...POLLING }, fault)
        puppets.push(puppet)
        return puppet
      },
      async change(key) {
        const sent = now()
        await runStatements(test.url, `update item set value = ${++value} where id = ${key}`)
        writes.push({ key, value, sent, acknowledged: now(), committed: true, by: -1 })
      },
    })
  } finally {
    await Promise.all(puppets.map((puppet) => puppet.kill()))
  }
  return checkHistory({
    processes: [...puppets.map((puppet) => puppet.history()), { ...historyOf(-1, { writes }), reads: [] }],
    initial: new Map(KEYS.map((key) => [key, initialValue(key)])),
    bound: BOUND,
  })
}

async function track(url: string): Promise<void> {
  await using db = createDatabase<unknown>({ uri: url })
  await createVersionTable(db)
  await trackVersion(db, 'item')
}
