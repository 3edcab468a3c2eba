import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { usesServer } from '../support/runner/server-use.ts'

describe('a test file', () => {
  it('that asks the server, itself or by what it imports and starts, runs on each', () => {
    for (const file of [
      'keys/keys.test.ts',
      'versions/history.test.ts',
      'frameworks/heap.test.ts',
      'project/adoption.test.ts',
    ]) {
      assert.equal(usesServer(`test/${file}`), true, file)
    }
    assert.equal(usesServer('test/no-such-file.test.ts'), true)
  })

  it('that asks none runs once', () => {
    for (const file of ['keys/integer-map.test.ts', 'project/documents.test.ts', 'project/rooms.test.ts']) {
      assert.equal(usesServer(`test/${file}`), false, file)
    }
  })
})
