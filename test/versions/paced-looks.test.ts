import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { createPacedLooks } from '../../src/versions/paced-looks.ts'

describe('looks that a doorbell asks for', () => {
  /** When each look began, in milliseconds since the test did. */
  let begun: number[]
  let passed: number

  beforeEach(() => {
    begun = []
    passed = 0
    mock.timers.enable({ apis: ['setTimeout'] })
    mock.method(performance, 'now', () => passed)
  })
  afterEach(() => {
    mock.timers.reset()
    mock.restoreAll()
  })

  async function pass(milliseconds: number): Promise<void> {
    for (let step = 0; step < milliseconds; step++) {
      passed++
      mock.timers.tick(1)
      for (let turn = 0; turn < 5; turn++) await Promise.resolve()
    }
  }

  const paced = (moved: () => boolean, pollInterval = 1_000) =>
    createPacedLooks({
      pollInterval,
      async look() {
        begun.push(passed)
        return moved()
      },
    })

  it('are sent at once, and once for all that ask within 20 ms', async () => {
    const looks = paced(() => true)
    looks.ask()
    looks.ask()
    await pass(5)
    assert.equal(begun.length, 1)
    for (let ring = 0; ring < 10; ring++) looks.ask()
    await pass(100)
    assert.equal(begun.length, 2)
    assert.ok(begun[1]! - begun[0]! >= 20, `${begun}`)
    await looks.stop()
  })

  it('are sent again after 20, 100 and 400 ms if nothing has moved', async () => {
    const looks = paced(() => false)
    looks.ask()
    await pass(2_000)
    const pauses = begun.map((at, index) => at - (begun[index - 1] ?? 0))
    assert.equal(begun.length, 4, `${begun}`)
    for (const [index, expected] of [0, 20, 100, 400].entries()) {
      assert.ok(pauses[index]! >= expected && pauses[index]! <= expected + 5, `${pauses}`)
    }
    await looks.stop()
  })

  it('end when a version has moved', async () => {
    let looked = 0
    const looks = paced(() => ++looked === 2)
    looks.ask()
    await pass(2_000)
    assert.equal(begun.length, 2)
    await looks.stop()
  })

  it('are few where rings mean nothing, and every 20 ms where each finds a change', async () => {
    for (const [moves, atLeast, atMost] of [
      [false, 5, 11],
      [true, 45, 51],
    ] as const) {
      begun = []
      const looks = paced(() => moves)
      for (let ring = 0; ring < 1_000; ring++) {
        looks.ask()
        await pass(1)
      }
      assert.ok(begun.length >= atLeast && begun.length <= atMost, `${moves}: ${begun.length} looks`)
      await looks.stop()
    }
  })

  it('follow one that was under way when somebody asked', async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    let sent = 0
    const looks = createPacedLooks({
      pollInterval: 1_000,
      look: () => (++sent === 1 ? promise : Promise.resolve(true)),
    })
    looks.ask()
    await pass(30)
    looks.ask()
    await pass(30)
    assert.equal(sent, 1, 'one at a time')
    resolve(true)
    await pass(30)
    assert.equal(sent, 2)
    await looks.stop()
  })

  it('do not follow a stop', async () => {
    const looks = paced(() => false)
    looks.ask()
    await looks.stop()
    looks.ask()
    await pass(100)
    assert.deepEqual(begun, [])
  })
})
