import assert from 'node:assert/strict'
import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { ConfigurationError } from '../../src/index.ts'
import { freeze, trackVersion, unfreeze } from '../../src/migration/index.ts'
import type { AnyRepositories } from '../support/lookups.ts'
import { type Migrating, migrating } from '../support/migration/migrating.ts'
import { systemUnderTest } from '../support/server.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'
import { readersOf } from '../support/versions/readers.ts'

const system = await systemUnderTest()

const columns = '(id int not null primary key, name varchar(20) not null) engine = InnoDB'
/** What is done to the files of a tablespace, between two statements. */
const COPY = 'copy the files of n'
const PASTE = 'give the copies to item'
const OLD = 'old'
const NEW = 'new'

/** What is done to the table `item` behind the triggers' back, by statements sent one by one. */
interface Change {
  readonly what: string
  readonly statements: readonly string[]
  /** What reads find then. */
  readonly found: typeof NEW | undefined
  /** Whether nothing would notice changes from then on. */
  readonly unguarded: boolean
  readonly only?: typeof system
  /** How the table is made, where that matters. */
  readonly table?: string
}

const partitioned = `create table item (id int not null primary key, name varchar(20) not null) engine = InnoDB
  partition by range (id) (partition p0 values less than (100), partition p1 values less than maxvalue)`
const another = [`create table n ${columns}`, `insert into n values (1, '${NEW}')`]

const changes: readonly Change[] = [
  { what: 'TRUNCATE', statements: ['truncate table item'], found: undefined, unguarded: false },
  {
    what: 'TRUNCATE as a prepared statement',
    statements: ["execute immediate 'truncate table item'"],
    found: undefined,
    unguarded: false,
    only: 'mariadb',
  },
  {
    what: 'TRUNCATE in a procedure',
    statements: ['create procedure p() truncate table item', 'call p()'],
    found: undefined,
    unguarded: false,
  },
  {
    what: 'a swap by RENAME, as gh-ost and pt-online-schema-change do it',
    statements: [...another, 'rename table item to o, n to item'],
    found: NEW,
    unguarded: true,
  },
  {
    what: 'a swap by ALTER … RENAME',
    statements: [...another, 'alter table item rename to o', 'alter table n rename to item'],
    found: NEW,
    unguarded: true,
  },
  {
    what: 'DROP and CREATE',
    statements: ['drop table item', `create table item ${columns}`, `insert into item values (1, '${NEW}')`],
    found: NEW,
    unguarded: true,
  },
  {
    what: 'CREATE OR REPLACE',
    statements: [`create or replace table item ${columns}`, `insert into item values (1, '${NEW}')`],
    found: NEW,
    unguarded: true,
    only: 'mariadb',
  },
  {
    what: 'ALTER that converts values',
    statements: [
      'alter table item add column other int',
      'alter table item drop column name',
      `alter table item add column name varchar(20) not null default '${NEW}'`,
    ],
    found: NEW,
    unguarded: false,
  },
  {
    what: 'TRUNCATE PARTITION',
    statements: ['alter table item truncate partition p0'],
    found: undefined,
    unguarded: false,
    table: partitioned,
  },
  {
    what: 'EXCHANGE PARTITION with a partition of the table',
    statements: [...another, 'alter table item exchange partition p0 with table n'],
    found: NEW,
    unguarded: false,
    table: partitioned,
  },
  {
    what: 'IMPORT TABLESPACE',
    statements: [
      ...another,
      'flush tables n for export',
      COPY,
      'unlock tables',
      'alter table item discard tablespace',
      PASTE,
      'alter table item import tablespace',
    ],
    found: NEW,
    unguarded: false,
  },
]

for (const mode of ['versioned', 'immutable'] as const) {
  const guard = mode === 'versioned' ? trackVersion : freeze
  const helper = mode === 'versioned' ? 'trackVersion' : 'freeze'

  describe(`a running process with a table cached as '${mode}' notices`, () => {
    let data: Migrating
    let repos: AnyRepositories

    before(async () => {
      data = await migrating([`create table item ${columns}`])
    })
    after(() => data[Symbol.asyncDispose]())
    beforeEach(() =>
      data.run('drop table if exists item, n, o', 'drop procedure if exists p', 'delete from lookup_version'),
    )

    async function start(table = `create table item ${columns}`): Promise<void> {
      await data.run(table, `insert into item values (1, '${OLD}'), (200, 'far')`)
      await guard(data.db, 'item')
      repos = data.repositories({ cache: { item: mode }, versions: { pollInterval: 20 } })
      assert.equal((await repos.item!.findByKey(1))?.name, OLD)
    }

    for (const { what, statements, found, unguarded, only, table } of changes) {
      if (only && only !== system) continue
      it(what, async () => {
        await start(table)
        await using _ = repos
        await using readers = readersOf(repos, { old: OLD })
        await runAll(data, statements)
        if (!unguarded) return await readers.see(found)
        await readers.see(new RegExp(`${helper}\\(db, "item"\\)`))
        await assert.rejects(repos.item!.findByKey(200), ConfigurationError)
        assert.equal(repos.item!.peek(1), undefined)
        await guard(data.db, 'item')
        await readers.see(found)
        await readers.held()
      })
    }

    it('a trigger that was dropped, and its return', async () => {
      await start()
      await using _ = repos
      await using readers = readersOf(repos, {})
      const [trigger] = await data.triggers()
      await data.run(`drop trigger ${trigger}`)
      await readers.see(new RegExp(`${trigger} is missing.*${helper}\\(db, "item"\\)`))
      await guard(data.db, 'item')
      await readers.see(OLD)
      await readers.held()
    })

    it('a trigger that was replaced by another', async () => {
      await start()
      await using _ = repos
      await using readers = readersOf(repos, {})
      const [trigger = ''] = await data.triggers()
      const timing = mode === 'versioned' ? 'after' : 'before'
      await data.run(
        `drop trigger ${trigger}`,
        `create trigger ${trigger} ${timing} delete on item for each row set @x = 1`,
      )
      await readers.see(new RegExp(`${trigger} is different.*${helper}`))
      await guard(data.db, 'item')
      await readers.see(OLD)
    })

    it('version rows that are gone', async () => {
      await start()
      await using _ = repos
      await using readers = readersOf(repos, {})
      if (mode === 'versioned') {
        await data.run("delete from lookup_version where table_name = 'item' and slot > 12")
        await readers.see(/13 of its 16 rows.*trackVersion/)
        await guard(data.db, 'item')
        await readers.see(OLD)
        await data.run('delete from lookup_version')
        await readers.see(/0 of its 16 rows.*trackVersion/)
      } else {
        await unfreeze(data.db, 'item')
        await readers.see(OLD)
        await data.run(`update item set name = '${NEW}'`)
      }
      await guard(data.db, 'item')
      await readers.see(mode === 'versioned' ? OLD : NEW)
    })
  })
}

/** As one program does it, on one connection. */
async function runAll(data: Migrating, statements: readonly string[]): Promise<void> {
  const [row] = await data.run('select @@datadir as folder, database() as name')
  const folder = join(String(row?.folder), String(row?.name))
  await using copies = await createTemporaryFolder('tablespace')
  // MySQL writes the .cfg, without which MariaDB does.
  const files = ['ibd', 'cfg'].map((ending) => ({
    from: join(folder, `n.${ending}`),
    copy: join(copies.path, ending),
    to: join(folder, `item.${ending}`),
  }))
  await data.db.connection().execute(async (held) => {
    for (const statement of statements) {
      if (statement === COPY)
        for (const { from, copy } of files) if (existsSync(from)) copyFileSync(from, copy)
      if (statement === PASTE) for (const { copy, to } of files) if (existsSync(copy)) copyFileSync(copy, to)
      if (statement !== COPY && statement !== PASTE) await sql.raw(statement).execute(held)
    }
  })
}
