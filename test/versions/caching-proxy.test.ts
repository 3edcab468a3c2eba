import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Connection } from 'mysql2'
import { ConfigurationError, createDatabase } from '../../src/index.ts'
import { type AnyDB, type Lookups, lookups } from '../support/lookups.ts'

type Callback = (error: unknown, rows?: unknown, fields?: unknown) => void

/** Answers statements as they were answered first, as a proxy with a cache does. */
function answerCache(text: RegExp) {
  const answers = new Map<string, { readonly rows: unknown; readonly fields: unknown }>()
  const cache = {
    isOn: true,
    watch(connection: Connection): void {
      const call = connection.execute.bind(connection) as (...given: unknown[]) => unknown
      Object.assign(connection, {
        execute({ sql, ...options }: { sql: string }, callback: Callback) {
          const known = cache.isOn && text.test(sql) ? answers.get(sql) : undefined
          if (!known) {
            return call({ sql, ...options }, (error: unknown, rows: unknown, fields: unknown) => {
              // Rows are decoded in place.
              if (!error) answers.set(sql, { rows: structuredClone(rows), fields })
              callback(error, rows, fields)
            })
          }
          setImmediate(() => callback(null, structuredClone(known.rows), known.fields))
          return { on() {} }
        },
      })
    },
  }
  return cache
}

describe('a proxy that answers polls from a cache', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      'create table plan (id int primary key, name varchar(20) not null) engine = InnoDB',
      "insert into plan values (1, 'Free')",
    ])
    await data.track('plan')
  })
  after(() => data[Symbol.asyncDispose]())

  it('is refused, with what to do, until it lets them through', async () => {
    const cache = answerCache(/from lookup_version$/)
    await using db = createDatabase<AnyDB>({
      uri: data.test.url,
      lookupConnections: { onConnect: cache.watch },
    })
    await using repos = data.repositories({
      db,
      cache: { plan: 'versioned' },
      versions: { pollInterval: 20 },
    })
    const read = async () => {
      try {
        return (await repos.plan!.findByKey(1))?.name
      } catch (error) {
        return error
      }
    }
    assert.equal(await read(), 'Free')
    let answer: unknown = 'Free'
    while (answer === 'Free') {
      await new Promise(setImmediate)
      answer = await read()
    }
    assert.ok(answer instanceof ConfigurationError)
    assert.match(answer.message, /a proxy answers from a cache/)
    assert.match(answer.fix, /lookup_version/)
    await data.run("update plan set name = 'Gratis'")
    assert.ok((await read()) instanceof ConfigurationError)
    cache.isOn = false
    while (answer instanceof Error) {
      await new Promise(setImmediate)
      answer = await read()
    }
    assert.equal(answer, 'Gratis')
  })
})
