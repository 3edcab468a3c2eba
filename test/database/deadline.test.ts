import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Deadline, onExpiry } from '../../src/database/deadline.ts'

describe('a deadline', () => {
  it('is heard by all that wait for it before any of them goes on', async () => {
    const deadline = new Deadline({ what: 'item', timeout: 1 })
    const heard: string[] = []
    const waits = ['a read', 'a connection'].map(
      (who) =>
        new Promise<void>((resolve) => {
          onExpiry(deadline, () => {
            heard.push(who)
            resolve()
          })
        }),
    )
    const first = Promise.race(waits).then(() => [...heard])
    assert.deepEqual(await first, ['a read', 'a connection'])
  })

  it('is not heard by those that have stopped listening', async () => {
    const limit = { what: 'item', timeout: 1, due: performance.now() + 1 }
    const deadline = new Deadline(limit)
    const heard: string[] = []
    onExpiry(limit, () => heard.push('of its own'))()
    onExpiry(deadline, () => heard.push('of the deadline'))()
    await new Promise<void>((resolve) => void onExpiry(deadline, () => resolve()))
    assert.deepEqual(heard, [])
  })

  it('that has passed is heard at once', async () => {
    const deadline = new Deadline({ what: 'item', timeout: 1 })
    await new Promise<void>((resolve) => void onExpiry(deadline, () => resolve()))
    let code: string | undefined
    onExpiry(deadline, (error) => {
      code = error.code
    })
    assert.equal(code, 'KYSELY_LOOKUP_TIMEOUT')
  })
})
