import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CommandError } from '../../src/cli/command.ts'
import { describeFailure } from '../../src/cli/failure.ts'

interface Case {
  readonly password: string
  /** What code that is not ours throws. */
  readonly thrown: string
  readonly said: string
}

const CASES: readonly Case[] = [
  { password: 'a', thrown: 'a table has a bad name', said: 'a table has a bad name' },
  {
    password: 'a',
    thrown: "got { user: 'root', password: 'a' }",
    said: "got { user: 'root', password: '***' }",
  },
  { password: 'a', thrown: 'got {"password":"a","port":1}', said: 'got {"password":"***","port":1}' },
  { password: 'a', thrown: 'got mysql://root:a@host/a', said: 'got ***' },
  { password: 'a', thrown: 'got mysql://root:a@elsewhere/a', said: 'got mysql://root:***@elsewhere/a' },
  { password: 'i.', thrown: 'in this file', said: 'in this file' },
  { password: 'able', thrown: 'the table is unable to stable', said: 'the table is unable to stable' },
  { password: 'able', thrown: 'refused: able', said: 'refused: ***' },
  { password: 'p$(x', thrown: 'refused p$(x.', said: 'refused ***.' },
  { password: 'ß€ü1', thrown: 'refused ß€ü1', said: 'refused ***' },
]

describe('the line that reports a failure', () => {
  for (const { password, thrown, said } of CASES) {
    it(`hides the password ${password} in: ${thrown}`, () => {
      const secrets = [`mysql://root:${password}@host/a`, password]
      assert.equal(describeFailure(new Error(thrown), { origin: '--url', secrets }), said)
    })
  }

  it('leaves messages without a password as they are', () => {
    const source = { origin: '--url', address: 'host:3306', secrets: ['root', 'the', 'database'] }
    const denied = Object.assign(new Error(), {
      code: 'ER_DBACCESS_DENIED_ERROR',
      sqlMessage: "Access denied for user 'root'@'%' to database 'database'",
    })
    assert.equal(
      describeFailure(denied, source),
      `host:3306: the user of --url may not use that database: ${denied.sqlMessage}`,
    )
    const unknown = {
      message: "Unknown table 'root'",
      code: 'ER_NO_SUCH_TABLE',
      errno: 1146,
      sqlMessage: 'x',
    }
    assert.equal(describeFailure(unknown, source), "Unknown table 'root'")
    assert.equal(describeFailure(new CommandError('the database is root'), source), 'the database is root')
  })
})
