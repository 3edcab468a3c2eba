import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DecodingOptions, TablesMetadata } from '../../src/index.ts'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { type AnyDB, type AnyRepositories, lookups } from '../support/lookups.ts'
import { runStatements } from '../support/server.ts'
import { readStatementForms } from '../support/statement-forms.ts'

const forms = await readStatementForms()
const LATIN = 'character set latin1 collate latin1_swedish_ci'
const UTF8 = 'character set utf8mb4 collate utf8mb4_general_ci'
const long = (size: number) => 'k'.repeat(size)

interface Change {
  readonly from: string
  readonly to: string
  /** As SQL: a value before, and one that only the new column can hold. */
  readonly before: string
  readonly after?: string
}

const text = (size: number, charset = UTF8) => `varchar(${size}) ${charset}`

/** Of a column in no index. */
const PLAIN: Readonly<Record<string, Change>> = {
  'a longer VARCHAR': { from: text(5), to: text(300), before: "'abc'", after: `'${long(300)}'` },
  'a longer CHAR': {
    from: `char(5) ${UTF8}`,
    to: `char(50) ${UTF8}`,
    before: "'abc'",
    after: `'${long(50)}'`,
  },
  'CHAR to VARCHAR': { from: `char(5) ${UTF8}`, to: text(50), before: "'abc'", after: `'${long(50)}'` },
  'VARCHAR to TEXT': { from: text(5), to: `text ${UTF8}`, before: "'abc'", after: `'${long(999)}'` },
  'a larger TEXT': {
    from: `tinytext ${UTF8}`,
    to: `mediumtext ${UTF8}`,
    before: "'abc'",
    after: `'${long(999)}'`,
  },
  'latin1 to utf8mb4': { from: text(9, LATIN), to: text(9), before: "'Köln'", after: "'東京'" },
  'another collation': {
    from: text(9),
    to: `varchar(9) character set utf8mb4 collate utf8mb4_bin`,
    before: "'abc'",
  },
  'a longer VARBINARY': {
    from: 'varbinary(2)',
    to: 'varbinary(200)',
    before: "x'00ff'",
    after: "x'0102030405'",
  },
  'VARBINARY to BLOB': { from: 'varbinary(2)', to: 'blob', before: "x'00ff'", after: "x'0102030405'" },
  'a larger BLOB': { from: 'tinyblob', to: 'longblob', before: "x'00ff'", after: "repeat('a', 999)" },
  'TINYINT to INT': { from: 'tinyint', to: 'int', before: '-3', after: '70000' },
  'INT to BIGINT': { from: 'int unsigned', to: 'bigint unsigned', before: '3', after: '5000000000' },
  'more digits of DECIMAL': {
    from: 'decimal(5,2)',
    to: 'decimal(30,2)',
    before: '1.50',
    after: '123456789012345.25',
  },
  'members of an ENUM at its end': {
    from: `enum('a', 'b') ${UTF8}`,
    to: `enum('a', 'b', 'c') ${UTF8}`,
    before: "'b'",
    after: "'c'",
  },
  'members of a SET at its end': {
    from: `set('a', 'b') ${UTF8}`,
    to: `set('a', 'b', 'c') ${UTF8}`,
    before: "'a,b'",
    after: "'a,c'",
  },
  'NULL to NOT NULL': { from: 'int null', to: 'int not null', before: '3' },
  'another default': { from: 'int not null default 1', to: 'int not null default 2', before: '3' },
  'another comment': { from: "int comment 'one'", to: "int comment 'two'", before: '3' },
}

/** Of a unique key. */
const KEYS: Readonly<Record<string, Change>> = {
  'a longer VARCHAR': { from: text(5), to: text(300), before: "'abcde'", after: `'${long(300)}'` },
  'a longer VARCHAR of latin1': {
    from: text(5, LATIN),
    to: text(300, LATIN),
    before: "'Köln'",
    after: `'${long(300)}'`,
  },
  'a longer CHAR': {
    from: `char(5) ${UTF8}`,
    to: `char(50) ${UTF8}`,
    before: "'abcde'",
    after: `'${long(50)}'`,
  },
  'CHAR to VARCHAR': { from: `char(5) ${UTF8}`, to: text(50), before: "'abcde'", after: `'${long(50)}'` },
  'a longer VARBINARY': {
    from: 'varbinary(2)',
    to: 'varbinary(200)',
    before: "x'00ff'",
    after: `x'${'0a'.repeat(200)}'`,
  },
  'TINYINT to SMALLINT': { from: 'tinyint unsigned', to: 'smallint unsigned', before: '255', after: '300' },
  'SMALLINT to BIGINT': { from: 'smallint', to: 'bigint', before: '-32768', after: '-5000000000' },
  'members of an ENUM at its end': {
    from: `enum('a', 'b') ${UTF8}`,
    to: `enum('a', 'b', 'c') ${UTF8}`,
    before: "'b'",
    after: "'c'",
  },
  'members of a SET at its end': {
    from: `set('a', 'b') ${UTF8}`,
    to: `set('a', 'b', 'c') ${UTF8}`,
    before: "'a,b'",
    after: "'a,c'",
  },
  'more digits of DECIMAL': { from: 'decimal(5,2)', to: 'decimal(30,2)', before: '100.50' },
}

/** What a process that was generated before does not take. */
const REFUSED: Readonly<Record<string, Change & { readonly indexed?: boolean }>> = {
  'a shorter VARCHAR': { from: text(9), to: text(5), before: "'abc'" },
  'utf8mb4 to latin1': { from: text(9), to: text(9, LATIN), before: "'abc'" },
  'another collation of a key': {
    from: text(9),
    to: 'varchar(9) character set utf8mb4 collate utf8mb4_bin',
    before: "'abc'",
    indexed: true,
  },
  'latin1 to utf8mb4 in a key': { from: text(9, LATIN), to: text(9), before: "'abc'", indexed: true },
  'another sign': { from: 'int unsigned', to: 'bigint', before: '3' },
  'a smaller integer': { from: 'int', to: 'smallint', before: '3' },
  'BOOLEAN to INT': { from: 'boolean', to: 'int', before: '1' },
  'INT to DECIMAL': { from: 'int', to: 'decimal(20,0)', before: '1' },
  'INT to DOUBLE': { from: 'int', to: 'double', before: '1' },
  'FLOAT to DOUBLE': { from: 'float', to: 'double', before: '1' },
  'more digits after the point': { from: 'decimal(5,2)', to: 'decimal(8,3)', before: '1.5' },
  'a fraction of seconds': { from: 'datetime', to: 'datetime(3)', before: "'2020-01-01'" },
  'a longer BINARY, whose values get longer': { from: 'binary(2)', to: 'binary(4)', before: "x'00ff'" },
  'a longer BIT, whose values get longer': { from: 'bit(8)', to: 'bit(16)', before: "b'1'" },
  'members of an ENUM in its middle': {
    from: `enum('a', 'b') ${UTF8}`,
    to: `enum('a', 'c', 'b') ${UTF8}`,
    before: "'b'",
  },
  'an empty member of an ENUM': { from: `enum('a') ${UTF8}`, to: `enum('a', '') ${UTF8}`, before: "'a'" },
  'NOT NULL to NULL': { from: 'int not null', to: 'int', before: '3' },
}

/** Two processes that were generated before the change: one that runs, and one that starts after it. */
async function withOldBuilds(
  { from, to, before, after }: Change,
  options: { readonly indexed?: boolean; readonly decoding?: DecodingOptions },
  test: (builds: readonly AnyRepositories[], wanted: readonly unknown[]) => Promise<void>,
): Promise<void> {
  const key = options.indexed ? ', unique key item_value (value)' : ''
  await using data = await lookups(
    [`create table item (id int primary key, value ${from}${key})`, `insert into item values (1, ${before})`],
    options.decoding,
  )
  const { tables } = data
  const running = [data.repositories(), data.repositories({ statementForm: 'union_all' })]
  for (const repos of running) await repos.item!.findByKey(1)
  await runStatements(data.test.url, `alter table item modify value ${to}`)
  if (after) await runStatements(data.test.url, `insert into item values (2, ${after})`)
  await using db = closing(createDatabase<AnyDB>({ uri: data.test.url, ...options.decoding }))
  const started = forms.map(
    (statementForm) =>
      createRepositories({
        db: db.db,
        tables: tables as TablesMetadata,
        statementForm,
      }) as unknown as AnyRepositories,
  )
  // The query of a value that cannot be represented fails.
  const now = await db.db
    .selectFrom('item')
    .selectAll()
    .orderBy('id')
    .execute()
    .catch(() => [])
  await test(
    [...running, ...started],
    now.map(({ value }) => value),
  )
}

function closing<Closed extends { destroy(): Promise<void> }>(db: Closed) {
  return { db, [Symbol.asyncDispose]: () => db.destroy() }
}

describe('a process that was generated before a column grew', () => {
  for (const [title, change] of Object.entries(PLAIN)) {
    it(`reads what the column holds now: ${title}`, () =>
      withOldBuilds(change, {}, async (builds, wanted) => {
        for (const repos of builds) {
          const rows = await repos.item!.findByKeys([1, 2])
          assert.deepEqual(
            rows.flatMap((row) => (row ? [row.value] : [])),
            wanted,
          )
          assert.equal(wanted.length, change.after ? 2 : 1)
        }
      }))
  }

  for (const [title, change] of Object.entries(KEYS)) {
    it(`finds old and new rows by the column: ${title}`, () =>
      withOldBuilds(change, { indexed: true }, async (builds, wanted) => {
        for (const repos of builds) {
          const keys = wanted.map((value) => ({ value }))
          const together = await repos.item!.findByKeys(keys)
          assert.deepEqual(
            together.map((row) => row?.id),
            wanted.map((_, index) => index + 1),
          )
          for (const [index, key] of keys.entries()) {
            const set = repos.$forRequest()
            assert.equal((await set.item!.findByKey(key))?.id, index + 1, 'alone')
            assert.deepEqual(
              (await set.item!.findAllBy(key)).map(({ id }) => id),
              [index + 1],
            )
          }
        }
      }))
  }

  for (const [title, change] of Object.entries(REFUSED)) {
    it(`refuses the table where more than that changed: ${title}`, () =>
      withOldBuilds(change, { indexed: change.indexed ?? false }, async (builds) => {
        for (const repos of builds.slice(2)) {
          await assert.rejects(repos.item!.findByKey(1), {
            code: 'KYSELY_LOOKUP_CONFIGURATION',
            message: /metadata is stale: column value/,
          })
        }
      }))
  }

  it('reads numbers where it was generated with numbers, whatever BIGINT is read as', async () => {
    const change = { from: 'int', to: 'bigint', before: '3', after: '5000000000' }
    for (const bigint of ['number', 'bigint', 'string'] as const) {
      await withOldBuilds(change, { decoding: { bigint } }, async (builds) => {
        for (const repos of builds) {
          assert.deepEqual(
            (await repos.item!.findByKeys([1, 2])).map((row) => row?.value),
            [3, 5_000_000_000],
          )
        }
      })
    }
  })

  it('refuses the row whose integer no number holds, and no other', async () => {
    const change = { from: 'int', to: 'bigint', before: '3', after: '9007199254740993' }
    for (const bigint of ['number', 'bigint', 'string'] as const) {
      await withOldBuilds(change, { decoding: { bigint } }, async (builds) => {
        for (const repos of builds) {
          const [one, two] = await Promise.allSettled([repos.item!.findByKey(1), repos.item!.findByKey(2)])
          assert.equal(one.status === 'fulfilled' && one.value?.value, 3)
          assert.equal(two.status === 'rejected' && two.reason.code, 'KYSELY_LOOKUP_UNREPRESENTABLE_VALUE')
          assert.equal(two.status === 'rejected' && two.reason.column, 'item.value')
        }
      })
    }
  })

  it('does not take a longer key for a shorter one', async () => {
    for (const [from, to, before] of [
      [text(3), text(9), "'abc'"],
      ['varbinary(3)', 'varbinary(9)', "'abc'"],
    ] as const) {
      await withOldBuilds({ from, to, before }, { indexed: true }, async (builds) => {
        for (const repos of builds) {
          const value = (given: string) => (from.startsWith('varb') ? Buffer.from(given) : given)
          const found = await repos.item!.findByKeys([
            { value: value('abcd') },
            { value: value('abc') },
            { value: value(long(5_000)) },
          ])
          assert.deepEqual(
            found.map((row) => row?.id),
            [undefined, 1, undefined],
          )
        }
      })
    }
  })
})
