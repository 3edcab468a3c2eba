import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { configurationFinding, refusalIn } from '../../src/cli/refusal.ts'
import { ConfigurationError, LookupError } from '../../src/errors.ts'

// A second copy of the module, as two versions of the package in one project have.
const copy: typeof import('../../src/errors.ts') = await import(
  new URL('../../src/errors.ts?copy', import.meta.url).href
)

describe('a configuration error of another copy of the package', () => {
  const session = new copy.ConfigurationError({
    kind: 'session',
    problem: 'The database session has autocommit off; e.g. by init_connect. Really',
    fix: 'Set it. Then run the check again.',
  })
  const finding = {
    code: 'session',
    message: 'The database session has autocommit off; e.g. by init_connect. Really',
    fix: 'Set it. Then run the check again.',
  }

  it('is a finding with its problem and its fix, whatever they say', () => {
    assert.equal(session instanceof ConfigurationError, false)
    assert.deepEqual(configurationFinding(session), finding)
    const option = new copy.ConfigurationError({
      kind: 'option',
      problem: 'No. It is not',
      fix: 'Leave it out.',
    })
    assert.deepEqual(configurationFinding(option), {
      code: 'configuration',
      message: 'No. It is not',
      fix: 'Leave it out.',
    })
  })

  it('is found behind other errors if it is about the session', () => {
    const wrapped = new Error('the command failed', { cause: session })
    assert.deepEqual(refusalIn(wrapped), finding)
    const option = new copy.ConfigurationError({ kind: 'option', problem: 'No', fix: 'Leave it out.' })
    assert.equal(refusalIn(new Error('the command failed', { cause: option })), undefined)
  })

  it('is distinguished from other errors', () => {
    const others = [
      new LookupError('KYSELY_LOOKUP_PROTOCOL', 'no'),
      new Error('no'),
      { message: 'no' },
      undefined,
    ]
    for (const other of others) assert.equal(configurationFinding(other), undefined)
  })
})
