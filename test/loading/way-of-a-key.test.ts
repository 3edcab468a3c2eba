import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { visitsOfMiss } from '../support/way-of-a-key.ts'

describe('the way of a key', () => {
  it('asks each level once for a key that nobody holds', async () => {
    const visits = await visitsOfMiss('versioned')
    const calls = (file: string, name: string) => visits.get(file)?.get(name) ?? 0
    assert.equal(calls('repositories/repository.ts', 'findByKey'), 1)
    assert.equal(calls('loading/way-of-a-key.ts', 'find'), 1)
    assert.equal(calls('scope/table-scope.ts', 'findAnswer'), 1, 'the request')
    assert.equal(calls('scope/pinned-generation.ts', 'find'), 1, 'what it reads of the process')
    assert.equal(calls('cache/generation.ts', 'find'), 1, 'the process')
    assert.equal(calls('scope/table-scope.ts', 'load'), 1, 'DataLoader')
    assert.equal(calls('loading/batch.ts', 'gather'), 1, 'the batch')
    assert.equal(calls('loading/batch.ts', 'sendNow'), 1)
    assert.equal(calls('cache/generation.ts', 'publish'), 1, 'the way back')
  })

  it('does not grow: a miss runs through a fixed number of files', async () => {
    const files = async (mode?: 'versioned') => {
      const visits = await visitsOfMiss(mode)
      // The pool of an earlier measurement may close meanwhile; a lookup does not use a pool.
      return [...visits.keys()].filter((file) => file !== 'database/pool.ts')
    }
    const [versioned, plain] = [await files('versioned'), await files()]
    assert.ok(plain.length <= 15, plain.join(', '))
    assert.ok(versioned.length <= 20, versioned.join(', '))
  })
})
