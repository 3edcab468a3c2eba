import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigurationError, createDatabase, createRepositories } from '../../src/index.ts'

const uri = 'mysql://root@127.0.0.1:1/none'

/** What was misspelt or misplaced, and what the error says of it. */
const databaseOptions: [options: object, problem: RegExp, fix: RegExp][] = [
  [{ conectionLimit: 5 }, /no option "conectionLimit"/, /^Did you mean connectionLimit\?$/],
  [{ connectionlimit: 5 }, /no option "connectionlimit"/, /connectionLimit/],
  [{ zeroDate: 'null' }, /no option "zeroDate"/, /zeroDates/],
  [{ lookupConnection: 3 }, /no option "lookupConnection"/, /lookupConnections/],
  [{ timeout: 5_000 }, /no option "timeout"/, /createRepositories\(\{ timeout \}\)/],
  [{ somethingElse: 1 }, /no option "somethingElse"/, /^Use .*connectionLimit/],
  [{ lookupConnections: { cuont: 1 } }, /no option "cuont" of lookupConnections/, /count/],
]

const repositoriesOptions: [options: object, problem: RegExp, fix: RegExp][] = [
  [{ pollInterval: 100 }, /no option "pollInterval"/, /versions: \{ pollInterval \}/],
  [{ maxRows: 100 }, /no option "maxRows"/, /cache: /],
  [{ caches: {} }, /no option "caches"/, /^Did you mean cache\?$/],
  [{ maxbatchsize: 10 }, /no option "maxbatchsize"/, /maxBatchSize/],
  [{ versions: { pollinterval: 10 } }, /no option "pollinterval" of versions/, /pollInterval/],
  [
    { cache: { city: { mode: 'immutable', maxrows: 10 } } },
    /no option "maxrows" of cache.city/,
    /^Did you mean maxRows\?$/,
  ],
]

describe('an unknown option', () => {
  for (const [options, problem, fix] of databaseOptions) {
    it(`is refused by createDatabase, with the name that was probably meant: ${JSON.stringify(options)}`, () => {
      assert.throws(() => createDatabase({ uri, ...options }), isRefusal(problem, fix))
    })
  }

  for (const [options, problem, fix] of repositoriesOptions) {
    it(`is refused by createRepositories, with the name that was probably meant: ${JSON.stringify(options)}`, async () => {
      const db = createDatabase<never>({ uri })
      const tables = {}
      assert.throws(() => createRepositories({ db, tables, ...options } as never), isRefusal(problem, fix))
      await db.destroy()
    })
  }

  it('is not one of those that mysql2 reads', async () => {
    const db = createDatabase({
      uri,
      ssl: {},
      connectAttributes: { program_name: 'test' },
      queueLimit: 5,
      maxIdle: 2,
    })
    await db.destroy()
  })
})

function isRefusal(problem: RegExp, fix: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof ConfigurationError)
    assert.equal(error.kind, 'option')
    assert.match(error.problem, problem)
    assert.match(error.fix, fix)
    return true
  }
}
