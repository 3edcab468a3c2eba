import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { describe, it } from 'node:test'
import { createGate, type Gate } from '../../src/store/lmdb/gate.ts'
import { startBusyProcesses } from '../support/store/busy-processes.ts'
import { namespaceAt } from '../support/store/namespace-at.ts'
import { storeFolder } from '../support/store/stored-lookups.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

describe('the gate of a store', () => {
  it('lets writers through at once, and leaves no marks', async () => {
    await using place = await createPlace()
    const gate = place.gate()
    assert.equal(gate.enter(), undefined)
    assert.equal(gate.enter(), undefined)
    assert.equal(place.marks().length, 1)
    gate.leave()
    gate.rest()
    assert.equal(place.marks().length, 1)
    gate.leave()
    assert.equal(gate.enter(), undefined)
    assert.equal(place.marks().length, 1)
    gate.leave()
    await place.gate().whileClosed(async () => assert.deepEqual(place.marks(), []))
  })

  it('lets a writer rest at once', async () => {
    await using place = await createPlace()
    const gate = place.gate()
    gate.rest()
    assert.equal(gate.enter(), undefined)
    gate.leave()
    gate.rest()
    assert.deepEqual(place.marks(), [])
  })

  it('lets nobody through while a file is opened, and everybody afterwards', async () => {
    await using place = await createPlace()
    const [opener, ...writers] = Array.from({ length: 4 }, place.gate)
    const order: string[] = []
    const isClosed = Promise.withResolvers<void>()
    const isOpen = Promise.withResolvers<void>()
    const opening = opener!.whileClosed(async () => {
      isClosed.resolve()
      await isOpen.promise
      order.push('opened')
    })
    await isClosed.promise
    const writing = writers.map(async (gate) => {
      const entering = gate.enter()
      assert.ok(entering)
      await entering
      order.push('written')
      gate.leave()
      gate.rest()
    })
    assert.deepEqual(place.marks(), [])
    isOpen.resolve()
    await Promise.all([opening, ...writing])
    assert.deepEqual(order, ['opened', 'written', 'written', 'written'])
    assert.deepEqual(place.marks(), [])
  })

  it('is closed when those have left who were inside', async () => {
    await using place = await createPlace()
    const [opener, writer] = [place.gate(), place.gate()]
    const order: string[] = []
    assert.equal(writer.enter(), undefined)
    const opening = opener.whileClosed(async () => {
      order.push('opened')
    })
    await place.isClosed()
    order.push('written')
    writer.leave()
    await opening
    assert.deepEqual(order, ['written', 'opened'])
  })

  it('is closed by one after the other', async () => {
    await using place = await createPlace()
    let inside = 0
    const opening = Array.from({ length: 5 }, () =>
      place.gate().whileClosed(async () => {
        assert.equal(++inside, 1)
        await new Promise(setImmediate)
        inside--
      }),
    )
    await Promise.all(opening)
    assert.ok(!existsSync(place.closed))
  })

  it('does not wait for a process that was killed inside', async () => {
    await using place = await createPlace()
    await place.killed('gate.enter(); kill()')
    assert.equal(place.marks().length, 1)
    await place.gate().whileClosed(async () => assert.deepEqual(place.marks(), []))
  })

  it('does not wait for a process that was killed while it opened the file', async () => {
    await using place = await createPlace()
    for (const use of ['write', 'open']) {
      await place.killed('await gate.whileClosed(async () => kill())')
      assert.ok(existsSync(place.closed))
      const gate = place.gate()
      if (use === 'open') await gate.whileClosed(async () => {})
      else {
        assert.equal(gate.enter(), undefined)
        gate.leave()
        rmSync(place.closed)
      }
      assert.ok(!existsSync(place.closed))
    }
  })

  const own = `${readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')}-${process.pid}-00112233`
  const foreign = '1234-1-00112233'
  const marks = {
    'this process': { mark: own, age: 0, isWaitedFor: true },
    'this process, which has written for long': { mark: own, age: 61_000, isWaitedFor: true },
    'a process that it cannot look into': { mark: foreign, age: 0, isWaitedFor: true },
    'a process that it cannot look into, and that was killed long ago': {
      mark: foreign,
      age: 61_000,
      isWaitedFor: false,
    },
  }
  for (const [whose, { mark, age, isWaitedFor }] of Object.entries(marks)) {
    it(`waits ${isWaitedFor ? 'for a second' : 'not'} for ${whose}`, async () => {
      await using place = await createPlace()
      place.leaveMark(mark, age)
      const since = performance.now()
      await place.gate().whileClosed(async () => assert.deepEqual(place.marks(), isWaitedFor ? [mark] : []))
      assert.equal(performance.now() - since >= 1_000, isWaitedFor)
    })
  }

  it('is not kept closed for ever by a process that it cannot look into', async () => {
    await using place = await createPlace()
    place.close(10_500)
    const writer = place.gate()
    assert.equal(writer.enter(), undefined)
    writer.leave()
    await place.gate().whileClosed(async () => {})
    assert.ok(!existsSync(place.closed))
  })

  it('stays closed if another one has closed it meanwhile', async () => {
    await using place = await createPlace()
    const other = 'another one'
    await place.gate().whileClosed(async () => writeFileSync(place.closed, other))
    assert.equal(readFileSync(place.closed, 'utf8'), other)
  })

  it('lets nobody through, and nobody open the file, where it was deleted', async () => {
    await using place = await createPlace()
    const [gate, resting] = [place.gate(), place.gate()]
    resting.enter()
    resting.leave()
    const deletedMeanwhile = place.gate().whileClosed(async () => assert.fail('it was deleted'))
    await place.isClosed()
    rmSync(place.path, { recursive: true })
    await assert.rejects(deletedMeanwhile, { code: 'ENOENT' })
    assert.throws(() => gate.enter(), { code: 'ENOENT' })
    await assert.rejects(
      gate.whileClosed(async () => assert.fail('it was deleted')),
      { code: 'ENOENT' },
    )
  })
})

describe('processes that use an lmdb store', () => {
  it('lose no write while others open it', async () => {
    await using folder = await storeFolder()
    const store = folder.open()
    await store.ready()
    await using others = startBusyProcesses({
      count: 2,
      program: 'opening-process',
      task: { path: folder.path, rounds: 250 },
    })
    const place = namespaceAt('a')
    let isOver = false
    others.ends.then(() => {
      isOver = true
    })
    for (let index = 0; !isOver; index++) {
      const entry = { key: `r:${index % 1_000}`, value: Buffer.from(`value ${index}`) }
      await store.write(place, [entry])
      assert.deepEqual(await store.read(place, [entry.key]), [entry.value])
    }
    assert.deepEqual(await others.ends, [0, 0])
  })

  it('live on when its folder is deleted, again and again', async () => {
    await using folder = await storeFolder()
    const store = folder.open()
    await using others = startBusyProcesses({
      count: 3,
      program: 'busy-process',
      task: { path: folder.path, rounds: 10 },
    })
    let isOver = false
    others.ends.then(() => {
      isOver = true
    })
    let deleted = 0
    for (; !isOver; deleted++) {
      await store.ready()
      await store.write(namespaceAt('a'), [{ key: 'r:1', value: Buffer.from('one') }]).catch(() => {})
      rmSync(folder.path, { recursive: true, force: true, maxRetries: 5 })
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    assert.deepEqual(await others.ends, [0, 0, 0])
    assert.ok(deleted > 5)
  })
})

async function createPlace() {
  const temporary = await createTemporaryFolder('gate')
  const path = temporary.join('gate')
  const closed = temporary.join('gate', 'closed')
  mkdirSync(path)
  function makeOld(file: string, age: number): void {
    const made = new Date(Date.now() - age)
    utimesSync(file, made, made)
  }
  return {
    path,
    closed,
    gate: (): Gate => createGate(path),
    marks: () => readdirSync(path).filter((name) => name !== 'closed'),
    leaveMark(name: string, age = 0) {
      writeFileSync(temporary.join('gate', name), '')
      makeOld(temporary.join('gate', name), age)
    },
    close(age: number) {
      writeFileSync(closed, '')
      makeOld(closed, age)
    },
    /** Runs a program that kills itself. */
    async killed(program: string) {
      const module = import.meta.resolve('../../src/store/lmdb/gate.ts')
      const whole = `const { createGate } = await import(${JSON.stringify(module)})
        const gate = createGate(${JSON.stringify(path)})
        const kill = () => process.kill(process.pid, 'SIGKILL')
        ${program}`
      const [, signal] = await once(spawn(process.execPath, ['--input-type=module', '-e', whole]), 'exit')
      assert.equal(signal, 'SIGKILL')
    },
    async isClosed() {
      while (!existsSync(closed)) await new Promise(setImmediate)
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  }
}
