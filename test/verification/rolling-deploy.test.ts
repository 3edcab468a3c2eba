import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DB, tables } from '../../examples/service/schema.ts'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { createReferenceDatabase, SAMPLE_ROWS } from '../support/reference-database.ts'

const TEXT = 'character set utf8mb4 collate utf8mb4_unicode_520_ci'
const GOES_ON = 'France'
const NO_INDEX =
  /^ConfigurationError: country: an index that the generated metadata names does not exist any more/
const STALE = /^ConfigurationError: country: the generated metadata is stale/

/** What docs/deployment.md says of processes that were generated before a migration. */
const cases = [
  {
    title: 'a column is added',
    change: 'alter table country add extra int not null default 1',
    running: GOES_ON,
    starting: GOES_ON,
  },
  {
    title: 'an index is added',
    change: 'alter table country add index extra (capital)',
    running: GOES_ON,
    starting: GOES_ON,
  },
  {
    title: 'a column is widened',
    change: `alter table country modify name varchar(150) ${TEXT} not null`,
    running: GOES_ON,
    starting: GOES_ON,
  },
  {
    title: 'a hidden column is added',
    change: 'alter table country add extra int not null default 1 invisible',
    running: GOES_ON,
    starting: GOES_ON,
  },
  {
    title: 'a column may be null',
    change: `alter table country modify name varchar(100) ${TEXT}`,
    running: GOES_ON,
    starting: STALE,
  },
  {
    title: 'a column is dropped',
    change: 'alter table country drop column capital',
    running: /^Error: Unknown column 't\.capital'/,
    starting: STALE,
  },
  {
    title: 'the index of a key is renamed',
    change: 'alter table country rename index country_alpha3_unique to renamed',
    running: NO_INDEX,
    starting: NO_INDEX,
  },
  {
    title: 'the index of a key is dropped',
    change: 'alter table country drop index country_alpha3_unique',
    running: NO_INDEX,
    starting: STALE,
  },
] as const

describe('a process whose schema was generated before a migration', () => {
  for (const { title, change, running, starting } of cases) {
    it(`${title}: a running one, and one that starts after it`, async () => {
      await using data = await createReferenceDatabase()
      await data.run(...SAMPLE_ROWS)
      await using old = startProcess(data.test.url)
      assert.equal(await old.lookUp(), GOES_ON)
      await data.run(change)
      await using fresh = startProcess(data.test.url)
      expectOutcome(await old.lookUp(), running)
      expectOutcome(await fresh.lookUp(), starting)
    })
  }
})

function expectOutcome(actual: string | undefined, expected: string | RegExp): void {
  if (typeof expected === 'string') assert.equal(actual, expected)
  else assert.match(String(actual), expected)
}

/** What a process of the service has: a database and repositories of its own. */
function startProcess(url: string) {
  const db = createDatabase<DB>({ uri: url })
  const repos = createRepositories({ db, tables })
  return {
    lookUp: () =>
      repos.country.findByKey({ alpha3: 'FRA' }).then(
        (row) => row?.name,
        (error: Error) => `${error.name}: ${error.message}`,
      ),
    async [Symbol.asyncDispose]() {
      await repos.$close()
      await db.destroy()
    },
  }
}
