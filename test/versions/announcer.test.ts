import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAnnouncer } from '../../src/versions/announcer.ts'

describe('rings for other processes', () => {
  it('are sent at once, and those that follow within a moment as one', async () => {
    const sent: string[] = []
    const announcer = createAnnouncer({ send: async (note) => void sent.push(note), failed: assert.fail })
    const all = ['rate', 'fee', 'rate', 'tax'].map((table) => announcer.announce([table]))
    assert.equal(sent.length, 1, 'the first is not held back')
    await Promise.all(all)
    assert.deepEqual(sent, ['["rate"]', '["fee","rate","tax"]'])
    await announcer.stop()
  })

  it('are kept when they fail, and sent when the doorbell listens again', async () => {
    const sent: string[] = []
    const failures: unknown[] = []
    let away = true
    const announcer = createAnnouncer({
      async send(note) {
        if (away) throw new Error('away')
        sent.push(note)
      },
      failed: (error) => failures.push(String(error)),
    })
    await assert.rejects(announcer.announce(['rate']), /away/)
    await assert.rejects(announcer.announce(['fee']), /away/)
    assert.deepEqual(failures, ['Error: away', 'Error: away'])
    away = false
    await announcer.announce(['tax'])
    assert.deepEqual(sent, ['["rate","fee","tax"]'])
    announcer.flush()
    assert.equal(sent.length, 1, 'nothing is left')
    await announcer.stop()
  })

  it('are sent before it stops', async () => {
    const sent: string[] = []
    const announcer = createAnnouncer({ send: async (note) => void sent.push(note), failed: assert.fail })
    for (const table of ['rate', 'fee']) announcer.announce([table]).catch(assert.fail)
    await announcer.stop()
    assert.deepEqual(sent, ['["rate"]', '["fee"]'])
  })
})
