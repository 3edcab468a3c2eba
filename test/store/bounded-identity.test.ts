import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AnyRepositories, type AnyRow, type Lookups, lookups } from '../support/lookups.ts'
import { createRandom, type Random } from '../support/random.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'
import { guard, readAndEnd } from '../support/store/stored-lookups.ts'

const ROWS = 40
const GROUPS = 8
const STEPS = 250
const REQUESTS = 4

describe('a request of a process that holds few rows', () => {
  let data: Lookups

  before(async () => {
    const rows = Array.from(
      { length: ROWS },
      (_, index) => `(${index + 1}, 'p${index + 1}', ${index % GROUPS})`,
    )
    data = await lookups(
      ['frozen', 'tracked'].flatMap((table) => [
        `create table ${table} (id int not null primary key, code varchar(10) not null, grp int not null,
          unique key ${table}_code (code), key ${table}_grp (grp)) collate utf8mb4_unicode_ci`,
        `insert into ${table} values ${rows.join(', ')}`,
      ]),
    )
    await guard(data, { tracked: ['tracked'], frozen: ['frozen'] })
  })
  after(() => data[Symbol.asyncDispose]())

  const readings: readonly ((
    repos: AnyRepositories,
    table: string,
    random: Random,
  ) => Promise<readonly AnyRow[]>)[] = [
    async (repos, table, { below }) => [await repos[table]!.findByKeyOrThrow(1 + below(ROWS))],
    async (repos, table, { below }) => [
      await repos[table]!.findByKeyOrThrow({ code: `p${1 + below(ROWS)}` }),
    ],
    async (repos, table, { below }) => [
      await repos[table]!.findByKeyOrThrow({ code: `P${1 + below(ROWS)} ` }),
    ],
    async (repos, table, { below }) =>
      (await repos[table]!.findByKeys([1 + below(ROWS), 1 + below(ROWS), 1 + below(ROWS)])) as AnyRow[],
    (repos, table, { below }) => repos[table]!.findAllBy({ grp: below(GROUPS) }),
  ]

  for (const table of ['frozen', 'tracked'] as const) {
    for (const over of [
      'a store that answers at once',
      'a store that answers later',
      'the server',
    ] as const) {
      for (const [maxRows, isFull] of [
        [1, true],
        [3, true],
        [20, true],
        [20, false],
      ] as const) {
        const isAsynchronous = over === 'a store that answers later'
        const hasStore = over !== 'the server'
        const what = `${table}, room for ${maxRows}, ${isFull ? 'full' : 'empty'} when it begins, over ${over}`

        it(`gets one object for each row: ${what}`, async () => {
          const mode = table === 'frozen' ? 'immutable' : 'versioned'
          const store = hasStore ? createMemoryStore({ isAsynchronous }) : undefined
          const process = (rows: number) =>
            data.repositories({
              cache: { [table]: { mode, maxRows: rows } },
              ...(store && { store: { ...store, writeAfter: 0 } }),
            })
          if (store) {
            await readAndEnd(process(100), async (repos) => {
              await repos[table]!.preload()
              for (let id = 1; id <= ROWS; id++) await repos[table]!.findByKey({ code: `p${id}` })
            })
          }
          await using repos = process(maxRows)
          await repos.$ready()
          if (isFull) for (let id = 1; id <= maxRows; id++) await repos[table]!.findByKey(id)
          const random = createRandom(maxRows)
          const begin = () => ({ repos: repos.$forRequest(), seen: new Map<unknown, AnyRow>() })
          const requests = Array.from({ length: REQUESTS }, begin)
          for (let step = 0; step < STEPS; step++) {
            const read = random.pick(readings)
            // Others read in between, in requests and outside of them, and a request begins now and then.
            await random.pick(readings)(repos, table, random)
            await random.pick(readings)(repos.$forRequest(), table, random)
            const at = random.below(REQUESTS)
            if (random.is(0.02)) requests[at] = begin()
            const { repos: request, seen } = requests[at]!
            for (const row of await read(request, table, random)) {
              const first = seen.get(row.id) ?? row
              seen.set(row.id, first)
              assert.equal(row, first, `row ${row.id} in step ${step}`)
            }
          }
          const stats = repos.$stats()[table]!
          assert.ok(stats.rowsHeld <= maxRows)
          // Requests that began with room rely on what is held until they are collected.
          if (isFull || table === 'frozen') assert.ok(stats.evictions > 0, 'rows made room')
          if (hasStore) assert.ok(stats.storeHits > 0)
        })
      }
    }
  }
})
