import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { UnrepresentableValueError } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { type AnyRow, type Lookups, lookups } from '../support/lookups.ts'
import { systemUnderTest } from '../support/server.ts'

const system = await systemUnderTest()

/** MariaDB takes any text while a session has switched checks off. MySQL's JSON is always valid; its texts are texts. */
const onMariaDB = system === 'mariadb'
const columns: Readonly<Record<string, string>> = onMariaDB
  ? {
      doc: 'json',
      latin: 'longtext character set latin1 check (json_valid(latin))',
      bytes: 'longblob check (json_valid(bytes))',
    }
  : { doc: 'longtext', latin: 'longtext character set latin1', bytes: 'longtext' }

const BROKEN = ['{broken', '', "{'a': 1}", '[1, 2', 'nul', '{"a": 12345678901234567890']

describe('a text that is not JSON', () => {
  let data: Lookups

  before(async () => {
    const declared = Object.entries(columns).map(([name, type]) => `${name} ${type}`)
    data = await lookups([
      `create table page (id int not null primary key, kind int not null, ${declared.join(', ')}, key page_kind (kind))`,
      `insert into page values (1, 1, '{"a": 1}', '[1]', '"é"'), (2, 1, null, null, null)`,
      ...(onMariaDB ? ['set check_constraint_checks = 0'] : []),
      ...Object.keys(columns).flatMap((name, column) =>
        BROKEN.map(
          (text, at) =>
            `insert into page (id, kind, ${name}) values (${10 * (column + 1) + at}, 2, '${text.replaceAll("'", "''")}')`,
        ),
      ),
    ])
    await createVersionTable(data.db)
    await trackVersion(data.db, 'page')
  })
  after(() => data[Symbol.asyncDispose]())

  const broken = Object.keys(columns).flatMap((name, column) =>
    BROKEN.map((text, at) => ({ id: 10 * (column + 1) + at, name, text })),
  )

  /** What a read of a row with the text may do. */
  function assertTold(read: PromiseSettledResult<AnyRow | undefined>, name: string, text: string): void {
    if (!onMariaDB) {
      assert.equal(read.status === 'fulfilled' && read.value?.[name], text)
      return
    }
    assert.ok(read.status === 'rejected')
    const { reason } = read
    assert.ok(reason instanceof UnrepresentableValueError, String(reason))
    assert.equal(reason.column, `page.${name}`)
    assert.doesNotMatch(reason.message, /broken|12345/)
  }

  const intact = {
    id: 1,
    kind: 1,
    ...(onMariaDB
      ? { doc: { a: 1 }, latin: [1], bytes: 'é' }
      : { doc: '{"a": 1}', latin: '[1]', bytes: '"é"' }),
  }

  for (const options of [{}, { statementForm: 'union_all' }, { cache: { page: 'versioned' } }] as const) {
    it(`fails its own row alone, in one batch with others: ${JSON.stringify(options)}`, async () => {
      const { page } = data.repositories(options)
      for (let round = 0; round < 2; round++) {
        const neighbours = [page!.findByKey(1), page!.findByKey(2)]
        const reads = await Promise.allSettled(broken.map(({ id }) => page!.findByKey(id)))
        for (const [at, { name, text }] of broken.entries()) assertTold(reads[at]!, name, text)
        assert.deepEqual({ ...(await neighbours[0]) }, intact)
        assert.equal((await neighbours[1])?.doc, null)
        assert.equal((await page!.findAllBy({ kind: 1 })).length, 2)
      }
    })
  }

  it('leaves transactions and connections usable, and streams and queries say what it is', async () => {
    const { db } = data
    await db.connection().execute(async (connection) => {
      const id = async () =>
        (await sql<{ id: number }>`select connection_id() id`.execute(connection)).rows[0]!.id
      const before = await id()
      const query = connection.selectFrom('page').selectAll().where('id', '=', 10)
      const stream = async () => {
        for await (const row of query.stream()) assert.equal(row.doc, BROKEN[0])
      }
      if (onMariaDB) {
        await assert.rejects(query.execute(), { column: 'page.doc' })
        await assert.rejects(stream(), { column: 'page.doc' })
      } else {
        assert.equal((await query.execute())[0]?.doc, BROKEN[0])
        await stream()
      }
      assert.equal(await id(), before)
    })
    await data.repositories().$transaction(async (trx) => {
      const [read] = await Promise.allSettled([trx.page!.findByKey(10)])
      assertTold(read!, 'doc', BROKEN[0]!)
      assert.deepEqual({ ...(await trx.page!.findByKey(1)) }, intact)
    })
  })

  it('is told from JSON with integers that a number would round, which are texts', async () => {
    const text = '{"a": 12345678901234567890, "b": [-9007199254740993, 0.25, 1e30]}'
    await data.run(`insert into page (id, kind, doc) values (90, 3, '${text}')`)
    const row = await data.repositories().page!.findByKey(90)
    const exact = { a: '12345678901234567890', b: ['-9007199254740993', 0.25, 1e30] }
    assert.deepEqual(row?.doc, onMariaDB ? exact : text)
    const [plain] = await data.db.selectFrom('page').select('doc').where('id', '=', 90).execute()
    assert.deepEqual(plain?.doc, row?.doc)
  })
})
