import looseAssert from 'node:assert'
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import type { ServerVersion } from '../../src/database/server-version.ts'
import { columnTypesOf } from '../support/column-types.ts'
import { fingerprint } from '../support/fingerprint.ts'
import { type AnyRepositories, type AnyRow, type Lookups, lookups } from '../support/lookups.ts'
import {
  type Attempt,
  arrayAttempts,
  bytesAttempts,
  dateAttempts,
  objectAttempts,
  undoPollution,
} from '../support/mutation-attempts.ts'
import { identifyServer, testServerUrl } from '../support/server.ts'

const DOCUMENT = '{"a": [1, ["x", {"b": null}], []], "__proto__": {"x": [1]}, "o": {"p": {"q": [{}, 2]}}}'

interface Tested {
  readonly type: string
  readonly literal: string
}

/** One value of every type, where a type has values that cannot be represented one that can. */
function valuesOf(server: ServerVersion): readonly Tested[] {
  const types = new Map<string, string>()
  for (const { type, values } of columnTypesOf(server)) {
    if (!types.has(type)) types.set(type, literalOf(type) ?? values[0]!)
  }
  return Array.from(types, ([type, literal]) => ({ type, literal }))
}

function literalOf(type: string): string | undefined {
  if (type.startsWith('bigint')) return '7'
  if (/^(datetime|timestamp)/.test(type)) return "'2024-02-29 12:34:56'"
  return type === 'json' ? `'${DOCUMENT}'` : undefined
}

/** A caller that holds rows and lists, and what the next caller must read. */
interface Holding {
  readonly row: AnyRow
  readonly lists: readonly (readonly AnyRow[])[]
  /** What the next callers get, by every way. */
  next(): Promise<string>
}

describe('a row that was handed out', () => {
  let data: Lookups
  let types: readonly Tested[]

  before(async () => {
    types = valuesOf(await identifyServer(await testServerUrl()))
    const columns = types.map(({ type }, index) => `c${index} ${type}`).join(', ')
    const row = types.map(({ literal }) => literal).join(', ')
    const tables = ['kept', 'tracked', 'expiring', 'remembered']
    data = await lookups([
      "set sql_mode = ''",
      ...tables.map(
        (name) => `create table ${name} (id int primary key, g int not null, ${columns}, key (g))`,
      ),
    ])
    await data.track('tracked')
    await data.run(
      "set sql_mode = ''",
      ...tables.flatMap((name) => [1, 2].map((id) => `insert into ${name} values (${id}, 1, ${row})`)),
    )
  })
  after(() => data[Symbol.asyncDispose]())

  const repositories = () =>
    data.repositories({
      cache: {
        kept: 'immutable',
        tracked: 'versioned',
        expiring: { mode: 'expiring', maxAge: 3_600_000 },
      },
    })

  /** Within one request: what is attempted there must be seen neither there nor elsewhere. */
  async function holding(repos: AnyRepositories, table: string): Promise<Holding> {
    const repository = repos.$table(table)
    const elsewhere = table === 'remembered' ? undefined : repos.$forRequest().$table(table)
    const readLists = () =>
      Promise.all([
        repository.findAllBy({ g: 1 }),
        ...(table === 'tracked' || table === 'expiring' ? [repository.all()] : []),
      ])
    // What is read again takes the place of what an expiring table held.
    if (table === 'expiring') await repos.$forRequest().$table(table).all()
    if (table === 'expiring') await repos.$forRequest().$table(table).findAllBy({ g: 1 })
    const row = (await repository.findByKey(1))!
    const lists = await readLists()
    return {
      row,
      lists,
      async next() {
        const rows = [
          await repository.findByKey(1),
          (await repository.findByKeys([1]))[0],
          ...(elsewhere ? [await elsewhere.findByKey(1), repository.peek(1)] : []),
        ]
        for (const one of rows) assert.equal(one, row)
        return fingerprint([row, await readLists()])
      },
    }
  }

  for (const table of ['kept', 'tracked', 'expiring', 'remembered']) {
    it(`cannot be altered through itself, its values or its lists: ${table}`, async (t) => {
      const repos = repositories()
      let attempts = 0
      let effective = 0
      const perType = new Map<string, number>()
      await repos.$request(async () => {
        const { row, lists, next } = await holding(repos, table)
        const original = await next()

        /** `path` leads from the row to the object, which is the row or in `column`. */
        async function attack(
          tried: readonly Attempt[],
          {
            column,
            path = [],
            key = column,
          }: { column: string; path?: readonly string[]; key?: PropertyKey },
        ) {
          const seen = () => fingerprint({ keys: Reflect.ownKeys(row).map(String), value: row[column] })
          const expected = seen()
          for (const attempt of tried) {
            attempt.run(follow(row, path), key)
            const left = seen()
            undoPollution()
            assert.equal(
              left,
              expected,
              `${attempt.mode}: ${attempt.source} at ${[...path, key].map(String)}`,
            )
            effective += Number(altersPlain(attempt, { row: { id: 1, [column]: row[column] }, path, key }))
            attempts++
          }
          assert.equal(await next(), original, `one of the attempts on ${column}`)
        }

        for (const [index, { type }] of types.entries()) {
          const column = `c${index}`
          const began = attempts
          await attack(objectAttempts, { column })
          if (row[column] instanceof Date) await attack(dateAttempts, { column })
          if (row[column] instanceof Uint8Array) await attack(bytesAttempts, { column })
          for (const path of partsOf(row[column], [column])) {
            const part = follow(row, path)
            const key = Reflect.ownKeys(part)[0] ?? 'x'
            await attack(Array.isArray(part) ? arrayAttempts : objectAttempts, { column, path, key })
          }
          perType.set(type, attempts - began)
        }
        for (const list of lists) {
          for (const attempt of arrayAttempts) {
            attempt.run(list, 0)
            const left = await next()
            undoPollution()
            assert.equal(left, original, `${attempt.mode}: ${attempt.source} on a list`)
            attempts++
          }
        }
      })
      const [fewest = 0] = [...perType.values()].sort((a, b) => a - b)
      t.diagnostic(
        `${attempts} attempts, at least ${fewest} for each of ${perType.size} column types; ${effective} of them alter a plain row`,
      )
      assert.ok(fewest >= 200, `${fewest} attempts for a column type`)
      assert.ok(effective > attempts / 2, `${effective} of ${attempts} alter a plain row`)
    })
  }

  it('is plain data for copying, comparing and sending', async () => {
    const row = (await repositories().kept!.findByKey(1))!
    const plain = Object.fromEntries(Object.keys(row).map((name) => [name, row[name]]))
    assert.equal(Object.getPrototypeOf(row), Object.prototype)
    assert.deepStrictEqual(row, plain)
    looseAssert.deepEqual(row, plain)
    looseAssert.deepEqual(plain, row)
    assert.deepStrictEqual({ ...row }, plain)
    assert.deepStrictEqual(Reflect.ownKeys({ ...row }), Object.keys(row))
    assert.deepStrictEqual(Object.entries(row), Object.entries(plain))
    assert.deepStrictEqual(structuredClone(row), structuredClone(plain))
    assert.equal(JSON.stringify(row), JSON.stringify(plain))
    assert.throws(() => assert.deepStrictEqual(row, { ...plain, id: 3 }))
  })

  it('is printed with its values', async () => {
    const row = (await repositories().kept!.findByKey(1))!
    const plain = { ...row }
    for (const options of [{}, { depth: 0 }, { depth: null }, { compact: false, colors: true }]) {
      assert.equal(inspect(row, options), inspect(plain, options))
      assert.equal(inspect([{ row }], options), inspect([{ row: plain }], options))
    }
    assert.doesNotMatch(inspect(row, { depth: null }), /Getter/)
    assert.match(inspect(new Proxy(row, {})), /id: 1/)
  })

  it('answers new copies of its dates and bytes at each access', async () => {
    const row = (await repositories().kept!.findByKey(1))!
    const date = Object.keys(row).find((name) => row[name] instanceof Date)!
    const bytes = Object.keys(row).find((name) => row[name] instanceof Uint8Array)!
    assert.notEqual(row[date], row[date])
    const first = row[bytes] as Buffer
    const second = row[bytes] as Buffer
    assert.ok(Buffer.isBuffer(first))
    assert.notEqual(first.buffer, second.buffer)
    assert.equal(first.buffer.byteLength, first.length, 'neither the packet nor a pool')
    assert.deepEqual(Object.create(row)[date], row[date])
    assert.throws(() => new Proxy(row, {})[date], { code: 'KYSELY_LOOKUP_FOREIGN_RECEIVER' })
  })

  it('does not follow the object that it was primed with', async () => {
    const repos = repositories()
    await repos.$request(async () => {
      const given = {
        ...(await data.db.selectFrom('remembered').selectAll().where('id', '=', 1).executeTakeFirstOrThrow()),
      } as Record<string, unknown>
      const expected = fingerprint({ ...given })
      repos.remembered!.prime(given)
      for (const attempt of [...dateAttempts, ...bytesAttempts, ...objectAttempts]) {
        for (const name of Object.keys(given)) attempt.run(given, name)
        undoPollution()
      }
      for (const name of Object.keys(given)) given[name] = 0
      assert.equal(fingerprint({ ...(await repos.remembered!.findByKey(1)) }), expected)
    })
  })
})

function follow(row: AnyRow, path: readonly PropertyKey[]): object {
  let at: unknown = row
  for (const key of path) at = Reflect.get(at as object, key)
  return at as object
}

/** The paths of every object and array in a JSON value. */
function partsOf(value: unknown, path: readonly string[]): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return []
  if (value instanceof Date || value instanceof Uint8Array) return []
  return [path, ...Object.entries(value).flatMap(([key, part]) => partsOf(part, [...path, key]))]
}

interface Place {
  readonly row: AnyRow
  readonly path: readonly PropertyKey[]
  readonly key: PropertyKey
}

/** Whether the attempt is one: on a plain row, as Kysely answers it, it succeeds. */
function altersPlain(attempt: Attempt, { row, path, key }: Place): boolean {
  const plain = plainCopy(row) as AnyRow
  const before = fingerprint(plain)
  attempt.run(follow(plain, path), key)
  const altered = fingerprint(plain) !== before
  undoPollution()
  return altered
}

function plainCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainCopy)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date || value instanceof Uint8Array) return value
  const copy = {}
  for (const [name, part] of Object.entries(value)) {
    Object.defineProperty(copy, name, {
      value: plainCopy(part),
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return copy
}
