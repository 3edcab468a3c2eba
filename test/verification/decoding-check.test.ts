import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { generatedTable } from '../../src/codegen/generated-table.ts'
import {
  ConfigurationError,
  createDatabase,
  createRepositories,
  type DecodingOptions,
} from '../../src/index.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { type AnyDB, type Lookups, lookups } from '../support/lookups.ts'

describe('a generated file and a database object', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      `create table plan (id int not null primary key, size bigint not null, flag tinyint(1) not null, small tinyint,
        at datetime(3), precise datetime(6))`,
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  async function attempt(generated: DecodingOptions, actual: DecodingOptions): Promise<void> {
    const { tables } = await readSchema(data.db)
    const { name, metadata } = generatedTable(tables[0]!, generated)
    await using db = createDatabase<AnyDB>({ uri: data.test.url, ...actual })
    createRepositories({ db, tables: { [name]: metadata } })
  }

  const different: [DecodingOptions, DecodingOptions, RegExp][] = [
    [
      {},
      { bigint: 'bigint' },
      /plan\.size.*generated with --bigint number, .* bigint: 'bigint'.*createDatabase\(\{ bigint: 'number' \}\).*generate --bigint bigint/,
    ],
    [{ bigint: 'string' }, {}, /generated with --bigint string.*createDatabase\(\{ bigint: 'string' \}\)/],
    [{ bigint: 'string' }, { bigint: 'bigint' }, /--bigint string.*bigint: 'bigint'/],
    [{}, { tinyint1: 'boolean' }, /plan\.flag.*--tinyint1 number.*generate --tinyint1 boolean/],
    [{ tinyint1: 'boolean' }, {}, /createDatabase\(\{ tinyint1: 'boolean' \}\)/],
    [{}, { zeroDates: 'null' }, /plan\.at.*--zero-dates error.*generate --zero-dates null/],
    [{ zeroDates: 'null' }, {}, /createDatabase\(\{ zeroDates: 'null' \}\)/],
  ]
  for (const [generated, actual, message] of different) {
    it(`are refused at once when ${JSON.stringify(generated)} was generated and ${JSON.stringify(actual)} is read`, async () => {
      await assert.rejects(attempt(generated, actual), (error: Error) => {
        assert.ok(error instanceof ConfigurationError, String(error))
        assert.match(error.message, message)
        return true
      })
    })
  }

  it('are accepted when they read values the same way', async () => {
    const all = { bigint: 'bigint', tinyint1: 'boolean', zeroDates: 'null' } as const
    for (const options of [{}, all, { bigint: 'string' } as const]) await attempt(options, options)
  })
})
