import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { after, before, beforeEach, describe, it } from 'node:test'
import { createDatabase, LookupTimeoutError, type PollMessage } from '../../src/index.ts'
import { type AnyDB, type Lookups, lookups } from '../support/lookups.ts'
import { type Gate, startGate } from '../support/outage/gate.ts'
import { until } from '../support/outage/outage.ts'

// What guarantee 7 says of slow polls: in the worst case a change waits for two of them.
describe('a change that is committed just after a slow poll has read', () => {
  let data: Lookups
  let gate: Gate

  before(async () => {
    data = await lookups([
      'create table plan (id int primary key, name varchar(20) not null) engine = InnoDB',
      "insert into plan values (1, 'Free')",
    ])
    await data.track('plan')
    gate = await startGate(data.test.url)
  })
  after(async () => {
    await gate[Symbol.asyncDispose]()
    await data[Symbol.asyncDispose]()
  })
  beforeEach(() => data.run("update plan set name = 'Free'"))

  /** A process whose polls go through the gate, one after the other; it tells what it holds at the end of each. */
  async function polling(pollTimeout: number) {
    const db = createDatabase<AnyDB>({ uri: gate.url, lookupConnections: 1 })
    const versions = { pollInterval: 1, pollTimeout }
    const repos = data.repositories({ db, cache: { plan: 'versioned' }, versions })
    const held = () => repos.plan!.peek(1)?.name
    const ends: { readonly held: unknown; readonly error: unknown }[] = []
    const note = (message: unknown) =>
      ends.push({ held: held(), error: (message as { readonly error?: unknown }).error })
    const channel = tracingChannel<unknown, PollMessage>('kysely-lookup:poll')
    // On a busy machine, its first polls may take too long.
    const read = () => repos.plan!.findByKey(1).catch(() => undefined)
    while ((await read())?.name !== 'Free' || held() !== 'Free') await new Promise(setImmediate)
    channel.asyncEnd.subscribe(note)
    // The statement is prepared by then.
    await until(() => ends.some(({ error }) => error === undefined))
    return {
      held,
      ends,
      async [Symbol.asyncDispose]() {
        channel.asyncEnd.unsubscribe(note)
        gate.open()
        await repos.$close()
        await db.destroy()
      },
    }
  }

  it('is seen when the next one is answered, and not by its own answer', async () => {
    await using reader = await polling(600_000)
    await gate.close()
    reader.ends.length = 0
    await data.run("update plan set name = 'Gratis'")
    assert.equal(reader.held(), 'Free', 'the answer is still on its way')
    gate.open()
    await until(() => reader.ends.length >= 2)
    assert.deepEqual(reader.ends.slice(0, 2), [
      { held: 'Free', error: undefined },
      { held: undefined, error: undefined },
    ])
  })

  it('is seen after a poll whose answer came later than pollTimeout, which has failed', async () => {
    await using reader = await polling(200)
    await gate.close()
    reader.ends.length = 0
    await data.run("update plan set name = 'Gratis'")
    await until(() => reader.ends.length > 0)
    const [first] = reader.ends
    assert.ok(first!.error instanceof LookupTimeoutError)
    assert.equal(first!.held, 'Free')
    gate.open()
    await until(() => reader.held() === undefined)
  })
})
