import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AnyRepositories, type AnyRow, type Lookups, lookups } from '../support/lookups.ts'
import { createRandom, type Random } from '../support/random.ts'

/** They come while requests read, and go, except where rows must not change. */
const PASSING = [31, 33]
const ITEMS = Array.from({ length: 30 }, (_, index) => `(${index + 1}, 'l${index + 1}')`)

type ItemCache =
  | { readonly mode: 'immutable' | 'versioned'; readonly maxRows: number }
  | { readonly mode: 'expiring'; readonly maxAge: number; readonly maxRows: number }
  | undefined

/** A request, and what it has been answered since it was last told to forget. */
class Request {
  readonly repos: AnyRepositories
  #answers = new Map<string, AnyRow | undefined>()
  #rows = new Map<unknown, AnyRow>()
  #epoch = 0

  constructor(repos: AnyRepositories) {
    this.repos = repos
  }

  /** Checks the answer against what the request has seen. What it was asked before it forgot may differ. */
  async read(name: string, answer: Promise<AnyRow | undefined>): Promise<void> {
    const epoch = this.#epoch
    const row = await answer
    if (epoch !== this.#epoch) return
    if (this.#answers.has(name)) assert.equal(row, this.#answers.get(name), name)
    this.#answers.set(name, row)
    if (!row) return
    assert.equal(row, this.#rows.get(row.id) ?? row, `one object for ${name}`)
    this.#rows.set(row.id, row)
  }

  forget(id: number | undefined): void {
    this.repos.item!.clear(id)
    this.#epoch++
    this.#answers.clear()
    this.#rows.clear()
  }
}

describe('requests that read, list, prime and forget in any order, beside each other', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      `create table item (id int unsigned not null primary key,
        label varchar(20) character set ascii collate ascii_bin not null unique)`,
      `insert into item values ${ITEMS.join(', ')}`,
    ])
    await data.track('item')
  })
  after(() => data[Symbol.asyncDispose]())

  /** A few keys, so that requests meet; some that have no row, or have one now and then. */
  const keyOf = (random: Random) => 1 + random.below(6) + (random.below(4) === 0 ? 28 : 0)

  async function step(request: Request, random: Random): Promise<void> {
    const item = request.repos.item!
    const [id, other] = [keyOf(random), keyOf(random)]
    switch (random.below(10)) {
      case 0: {
        const rows = item.findByKeys([id, other, id])
        const reads = [id, other, id].map((key, at) =>
          request.read(
            `${key}`,
            rows.then((all) => all[at]),
          ),
        )
        return void (await Promise.all(reads))
      }
      case 1:
        return request.read(`label ${id}`, item.findByKey({ label: `l${id}` }))
      case 2:
        return request.read(`${id}`, item.findByKey({ id }))
      case 3:
        return item.prime({ id, label: `l${id}` })
      case 4:
        return random.below(4) === 0 ? request.forget(random.pick([id, undefined])) : undefined
      default:
        return request.read(`${id}`, item.findByKey(id))
    }
  }

  const add = () =>
    data.run(`insert ignore into item values ${PASSING.map((id) => `(${id}, 'l${id}')`).join(', ')}`)
  const remove = () => data.run('delete from item where id > 30')

  const caches: Record<string, (maxRows: number) => ItemCache> = {
    'no cache': () => undefined,
    immutable: (maxRows) => ({ mode: 'immutable', maxRows }),
    versioned: (maxRows) => ({ mode: 'versioned', maxRows }),
    expiring: (maxRows) => ({ mode: 'expiring', maxAge: 60_000, maxRows }),
  }
  for (const [mode, cacheOf] of Object.entries(caches)) {
    it(`are each answered the same object, or its absence, until they forget: ${mode}`, async (t) => {
      const seed = Date.now() % 2 ** 31
      t.diagnostic(`seed ${seed}`)
      const random = createRandom(seed)
      for (let round = 0; round < 60; round++) {
        const item = cacheOf(random.pick([1, 2, 5, 100]))
        const repos = data.repositories({ cache: item ? { item } : {} })
        const requests = Array.from({ length: 6 }, () => new Request(repos.$forRequest()))
        const reads: Promise<void>[] = []
        for (let count = 0; count < 60; count++) {
          reads.push(step(random.pick(requests), random))
          const pause = random.below(20)
          if (pause === 0) await Promise.all(reads)
          if (pause === 1) await (mode === 'immutable' ? add : random.pick([add, remove]))()
          if (pause < 4) await new Promise(setImmediate)
        }
        await Promise.all(reads)
        await repos.$close()
        await remove()
      }
    })
  }
})
