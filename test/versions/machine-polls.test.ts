import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MachineRecords } from '../../src/index.ts'
import { type MachineClock, machineClock } from '../../src/versions/machine-clock.ts'
import { MachinePolls } from '../../src/versions/machine-polls.ts'
import { COUNTERS } from '../../src/versions/poll-sql.ts'

const SERVER = '11.4.2-MariaDB db 3306 1'
const IDENTITY = { text: 'the server', place: 'db 3306 1', database: 'shop' }

/** A machine, whose processes are objects here; what they share is by name. */
function machine() {
  const time = { monotonic: 1_000_000, wall: 1_700_000_000_000 }
  const texts = new Map<string, string>()
  const place: MachineRecords = {
    get: (name) => texts.get(name),
    put: async (name, text) => {
      texts.set(name, text)
    },
  }
  const clock: MachineClock = { id: 'boot 1', monotonic: () => time.monotonic, wall: () => time.wall }

  /** A process that has polled once, so that it knows whom it asks. */
  async function process(
    options: { readonly clockId?: string; readonly identity?: object; readonly server?: string } = {},
  ) {
    const { clockId: id = clock.id, identity, server = SERVER } = options
    const found = { ...IDENTITY, ...identity }
    const connections = { opened: 1 }
    const asked = { identities: 0 }
    const polls = new MachinePolls({
      clock: { ...clock, id },
      places: () => new Set([place]),
      connections: () => connections.opened,
    })
    const publish = async (version: number, sending = polls.begin()!) => {
      await polls.publish(
        sending,
        { server, rows: [['country', version, 16]], counters: undefined },
        async () => {
          asked.identities++
          return found
        },
      )
    }
    await publish(1)
    return { polls, publish, connections, asked }
  }

  /** That much time (ms) passes. */
  const pass = (monotonic: number, wall = monotonic) => {
    time.monotonic += monotonic
    time.wall += wall
  }
  return { process, pass, texts, place, clock }
}

describe('the polls of a machine', () => {
  it('count from when they were sent, and are taken once', async () => {
    const { process, pass } = machine()
    const one = await process()
    const other = await process()
    pass(1_000)
    const sending = one.polls.begin()!
    // The sender is stopped, or its answer is slow.
    pass(400)
    await one.publish(2, sending)
    pass(30)
    const before = performance.now()
    const taken = other.polls.newest(1_000)!
    const after = performance.now()
    assert.deepEqual(taken.rows, [['country', 2, 16]])
    assert.equal(taken.server, SERVER)
    assert.ok(taken.sentAt >= before - 430 && taken.sentAt <= after - 430)
    assert.equal(other.polls.newest(1_000), undefined)
    assert.equal(one.polls.newest(1_000), undefined, 'the sender learns nothing from it')
  })

  it('are too old at the age at which they are due, whichever clock has moved', async () => {
    for (const [monotonic, wall, isTaken] of [
      [999, 999, true],
      [1_000, 1_000, false],
      [10, 1_000, false],
      [10, -3_600_000, true],
      [-1, -1, false],
    ] as const) {
      const { process, pass } = machine()
      const one = await process()
      const other = await process()
      pass(1_000)
      await one.publish(2)
      pass(monotonic, wall)
      assert.equal(other.polls.newest(1_000) !== undefined, isTaken, `${monotonic}, ${wall}`)
    }
  })

  it('are taken of the same clock, server and database only', async () => {
    for (const options of [
      { clockId: 'boot 2' },
      { identity: { text: 'the server, since another start' } },
      { identity: { database: 'Shop' } },
      { identity: { place: 'db 3306 2' } },
      { server: '11.4.2-MariaDB db 3307 1' },
    ]) {
      const { process, pass } = machine()
      const one = await process()
      const other = await process(options)
      pass(1_000)
      await one.publish(2)
      await other.publish(3)
      pass(1)
      assert.equal(one.polls.newest(1_000), undefined, JSON.stringify(options))
      assert.equal(other.polls.newest(1_000), undefined, JSON.stringify(options))
    }
  })

  it('are refused that were sent before a commit or a look of this process', async () => {
    const { process, pass } = machine()
    const one = await process()
    const other = await process()
    pass(1_000)
    await one.publish(2)
    pass(1)
    other.polls.refuseEarlier()
    assert.equal(other.polls.newest(1_000), undefined)
    pass(1)
    await one.publish(3)
    other.polls.begin()
    assert.equal(other.polls.newest(1_000), undefined)
    pass(1)
    await one.publish(4)
    assert.deepEqual(other.polls.newest(1_000)?.rows, [['country', 4, 16]])
  })

  it('are refused after a connection was opened, until this process has polled', async () => {
    const { process, pass } = machine()
    const one = await process()
    const other = await process()
    pass(1_000)
    await one.publish(2)
    other.connections.opened++
    assert.equal(other.polls.newest(1_000), undefined)
    assert.equal(other.asked.identities, 1)
    await other.publish(2)
    assert.equal(other.asked.identities, 2, 'it may be another server')
    pass(1)
    await one.publish(3)
    assert.deepEqual(other.polls.newest(1_000)?.rows, [['country', 3, 16]])
    assert.equal(one.asked.identities, 1)
  })

  it('are not replaced by one that was sent before', async () => {
    const { process, pass } = machine()
    const one = await process()
    const other = await process()
    const third = await process()
    pass(1_000)
    const stopped = one.polls.begin()!
    pass(100)
    await other.publish(3)
    await one.publish(2, stopped)
    assert.deepEqual(third.polls.newest(1_000)?.rows, [['country', 3, 16]])
  })

  it('bring the counters of DDL, by the clock of the reader', async () => {
    const { process, pass, place, clock } = machine()
    const sender = new MachinePolls({ clock, places: () => new Set([place]), connections: () => 1 })
    const reader = await process()
    pass(1_000)
    const counts = new Map(COUNTERS.map((name, index) => [name, index]))
    const began = performance.now()
    const counters = {
      sentAt: performance.now() - 50,
      counters: { counts, startedAt: performance.now() / 1_000 - 60 },
    }
    await sender.publish(sender.begin()!, { server: SERVER, rows: [], counters }, async () => IDENTITY)
    const taken = reader.polls.newest(1_000)!.counters!
    assert.deepEqual(taken.counters.counts, counts)
    // The machine's clock stands still here, and this process's own goes on.
    const passed = performance.now() - began
    const isNear = (moved: number) => moved > -1 && moved < passed + 1
    assert.ok(isNear((taken.counters.startedAt - counters.counters.startedAt) * 1_000))
    assert.ok(isNear(taken.sentAt - counters.sentAt))
  })

  it('are nobody’s where nothing tells the clock or the server, and where the store fails', async () => {
    const { process, texts, place, clock } = machine()
    const silent = new MachinePolls({
      clock: undefined,
      places: () => new Set([place]),
      connections: () => 1,
    })
    assert.equal(silent.begin(), undefined)
    assert.equal(silent.newest(1_000), undefined)
    texts.clear()
    for (const identify of [async () => undefined, async () => Promise.reject(new Error('lost'))]) {
      const unknown = new MachinePolls({ clock, places: () => new Set([place]), connections: () => 1 })
      await unknown.publish(unknown.begin()!, { server: SERVER, rows: [], counters: undefined }, identify)
      assert.equal(unknown.isShared, false)
      assert.equal(texts.size, 0)
    }
    const fail = () => {
      throw new Error('the store is away')
    }
    const broken = new MachinePolls({
      clock,
      places: () => new Set([{ get: fail, put: fail }]),
      connections: () => 1,
    })
    await broken.publish(
      broken.begin()!,
      { server: SERVER, rows: [], counters: undefined },
      async () => IDENTITY,
    )
    assert.equal(broken.newest(1_000), undefined)
    await process()
  })

  it('go by a clock that is known on Linux', () => {
    const clock = machineClock()
    assert.equal(clock !== undefined, globalThis.process.platform === 'linux')
    if (!clock) return
    assert.match(clock.id, /^[0-9a-f-]{36} /)
    const [first, second] = [clock.monotonic(), clock.monotonic()]
    assert.ok(second >= first)
    assert.equal(machineClock()?.id, clock.id)
  })
})
