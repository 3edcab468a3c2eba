import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, afterEach, before, beforeEach } from 'node:test'
import type { Kysely } from 'kysely'
import { createDatabase, type GenerationMessage } from '../../../src/index.ts'
import { unfreeze } from '../../../src/migration/index.ts'
import { type AnyDB, type AnyRepositories, type Lookups, lookups } from '../lookups.ts'
import { settleLookups } from '../settled-lookups.ts'
import { createHoldingPool, type HoldingPool } from './held-statements.ts'
import { nextPoll } from './next-poll.ts'

const TABLES = [
  `create table plan (
    id int unsigned not null primary key,
    code varchar(10) character set ascii collate ascii_bin not null,
    tier int not null,
    name varchar(50) not null,
    unique key plan_code (code), key plan_tier (tier)
  ) engine = InnoDB`,
  'create table city (id int primary key, name varchar(50) not null) engine = InnoDB',
]

const ROWS = [
  'delete from plan',
  'delete from city',
  "insert into plan values (1, 'free', 1, 'Free'), (2, 'team', 1, 'Team'), (3, 'firm', 2, 'Firm')",
  "insert into city values (1, 'Paris'), (2, 'Lyon')",
]

export const NEW_PLAN = { id: 9, code: 'new', tier: 1, name: 'New' }

/** The statement that reads keys, and the one that reads versions. */
export const LOOKUP = /force index/
export const POLL = /^\/\* kysely-lookup poll \*\/ select .* from lookup_version/

/** A tracked table `plan` and a table `city` that can be frozen, read through a pool that can hold statements. */
export interface Racing {
  readonly data: Lookups
  readonly held: HoldingPool
  /** Verified, `plan` versioned and `city` immutable; without polls unless told otherwise. */
  repositories(options?: object): Promise<AnyRepositories>
  /** The same, polling as soon as it can. */
  polling(): Promise<AnyRepositories>
  /** By anybody else. */
  rename(name: string, id?: number): Promise<unknown>
  /** Resolves when a poll that begins from now on has been taken in. */
  polled(): Promise<void>
  /** Sets the version of `plan` back, and resolves when the process takes it for true: polls that see it first may be stragglers. */
  restored(): Promise<void>
}

/** To be called in a `describe`: the tables are as new for each test, and nothing polls or refreshes after it. */
export function racing(): Racing {
  let data: Lookups
  let held: HoldingPool
  let db: Kysely<AnyDB>
  let opened: AnyRepositories[] = []

  before(async () => {
    data = await lookups(TABLES)
    held = createHoldingPool(data.test.url)
    db = createDatabase<AnyDB>(held.options)
    await settleLookups(db)
    await data.track('plan')
  })
  after(async () => {
    await db.destroy()
    await data[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    await unfreeze(data.db, 'city')
    await data.run(...ROWS)
  })
  afterEach(async () => {
    const left = opened
    opened = []
    await Promise.all(left.map((repos) => repos.$close()))
  })

  async function repositories(options: object = {}): Promise<AnyRepositories> {
    const repos = data.repositories({ db, cache: { plan: 'versioned', city: 'immutable' }, ...options })
    opened.push(repos)
    await repos.$ready()
    return repos
  }

  return {
    get data() {
      return data
    },
    get held() {
      return held
    },
    repositories,
    polling: () => repositories({ versions: { pollInterval: 2 } }),
    rename: (name, id = 1) => data.run(`update plan set name = '${name}' where id = ${id}`),
    polled: nextPoll,
    async restored() {
      const versions = new Set<number | undefined>()
      const note = (message: unknown) => {
        versions.add((message as GenerationMessage).version)
      }
      subscribe('kysely-lookup:generation', note)
      const [row] = await data.run(
        "update lookup_version set version = version - 1000000 where table_name = 'plan'",
        "select cast(sum(version) as char) version from lookup_version where table_name = 'plan'",
      )
      while (!versions.has(Number(row!.version))) await nextPoll()
      unsubscribe('kysely-lookup:generation', note)
    },
  }
}

export async function nameOf(repos: AnyRepositories, key: unknown = 1): Promise<unknown> {
  return (await repos.plan!.findByKey(key))?.name
}
