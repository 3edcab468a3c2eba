import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import fc from 'fast-check'
import { sql } from 'kysely'
import { createDatabase, InvalidKeyError } from '../../src/index.ts'
import { bytesCases } from '../support/differential/bytes-cases.ts'
import type { ColumnCase } from '../support/differential/case.ts'
import { compositeCases } from '../support/differential/composite-cases.ts'
import { EVERY_VALUE, generatedTables } from '../support/differential/generated-tables.ts'
import {
  alikeTables,
  assertColumnsOfOneName,
  assertIdentities,
  readIds,
} from '../support/differential/identities.ts'
import {
  isAccepted,
  keyOf,
  type LoneComparisons,
  loneComparisons,
  protocolsFor,
  type Question,
  questionText,
} from '../support/differential/lone-comparison.ts'
import { numberCases } from '../support/differential/number-cases.ts'
import { type CaseTable, columnTable, compositeTable } from '../support/differential/tables.ts'
import { everyCollationCases, textCases } from '../support/differential/text-cases.ts'
import { timeCases } from '../support/differential/time-cases.ts'
import { type AnyRepositories, type AnyRow, lookups } from '../support/lookups.ts'
import { createRandom } from '../support/random.ts'
import { identifyServer, runStatements, testServerUrl } from '../support/server.ts'

/*
 * Every key is asked through repositories, in mixed batches, and by `select … where key = ?` run alone on the same
 * server, prepared and not. Longer runs: DIFFERENTIAL_RUNS=2000 (generated keys per column), DIFFERENTIAL_COLLATIONS=all
 * (that the server has); a run again: DIFFERENTIAL_SEED=… (as the failed one printed it).
 */
const runs = Number(process.env.DIFFERENTIAL_RUNS ?? 20)
const seed = Number(process.env.DIFFERENTIAL_SEED ?? Math.floor(Math.random() * 2 ** 31))
const allCollations = process.env.DIFFERENTIAL_COLLATIONS === 'all'

/** Of how many tables are asked at a time. */
const GROUP = 40

/** Keys that are asked in one turn of the event loop. */
const TURN = 2000

/** Of how many keys one deletes. */
const DELETED = 4

/** How keys are asked. */
interface Way {
  readonly name: string
  readonly repositories: AnyRepositories
  readonly list?: true
  /** Each key by a statement of its own. */
  readonly single?: true
  /** Whether one row is one object, whatever it was asked by. */
  readonly remembered?: true
}

/** The row's id, none, or a key that is not sent. */
type Answer = number | undefined | 'invalid'

describe('a key finds through a repository what the server finds with = alone', () => {
  const kinds: [string, () => Promise<readonly CaseTable[]>][] = [
    ['texts', async () => tablesOf((await readCases()).texts)],
    ['numbers', async () => tablesOf(numberCases)],
    ['dates and times', async () => tablesOf((await readCases()).times)],
    ['bytes and addresses', async () => tablesOf((await readCases()).bytes)],
    ['composite keys', compositeTables],
  ]
  if (allCollations) kinds.push(['every collation', async () => tablesOf((await readCases()).every)])
  for (const [kind, tables] of kinds) {
    it(kind, async (t) => {
      const all = await tables()
      for (let from = 0; from < all.length; from += GROUP) await compare(t, all.slice(from, from + GROUP))
    })
  }
})

describe('rows that read alike', () => {
  it('are found as what they are, in every charset of the server', async (t) => {
    const found = await runStatements(
      await testServerUrl(),
      "select character_set_name name from information_schema.character_sets where character_set_name <> 'binary'",
    )
    const options = { ...EVERY_VALUE, tinyint1: 'boolean' } as const
    const charsets = found.map(({ name }) => String(name))
    await using data = await lookups(
      ["set sql_mode = ''", ...alikeTables(charsets, createRandom(seed))],
      options,
    )
    const tables = Object.keys(data.tables)
    const ids = await readIds(data.db, tables)
    const immutable = Object.fromEntries(tables.map((name) => [name, 'immutable' as const]))
    let rows = 0
    for (const repositories of [
      data.repositories().$forRequest(),
      data.repositories({ cache: immutable }),
      data.repositories({ cache: immutable, statementForm: 'union_all' }),
    ]) {
      const seen = new Map<string, AnyRow>()
      rows = await assertIdentities(repositories, { ids, seen })
      // What the keys find as they are read is a row that reads like that.
      for (const table of tables) {
        for (const id of ids.get(table)!) {
          const row = await repositories.$table(table).findByKeyOrThrow({ id })
          seen.set(`${table} ${id}`, row)
          const key = Object.fromEntries(data.tables[table]!.primaryKey.map((name) => [name, row[name]]))
          const other = await repositories.$table(table).findByKey(key).catch(invalidKey)
          if (other === 'invalid' || other === undefined) continue
          for (const [name, value] of Object.entries(key))
            assert.deepEqual(unpadded(other[name]), unpadded(value), `${table} ${id}`)
        }
      }
      await assertIdentities(repositories, { ids, seen })
    }
    await assertColumnsOfOneName(data.db, tables)
    t.diagnostic(`${rows} rows of ${tables.length} tables, seed ${seed}`)
  })
})

/** These collations pad with spaces: `' '` finds `''`, where `true` stands for another row's number. */
function unpadded(value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/ +$/, '') : value
}

function tablesOf(cases: readonly ColumnCase[]): CaseTable[] {
  return cases.map((one) => columnTable(one, { seed, runs }))
}

async function compositeTables(): Promise<CaseTable[]> {
  const { texts, times, bytes } = await readCases()
  const cases = [...texts, ...numberCases, ...times, ...bytes]
  const composites = compositeCases(new Map(cases.map((one) => [one.name, one])))
  return composites.map((one) => compositeTable(one, { seed, runs: 4 * runs }))
}

async function readCases() {
  const url = await testServerUrl()
  const identity = await identifyServer(url)
  const { system } = identity
  // MariaDB names a collation of several charsets in parts, from 10.10 on.
  const [parts] = await runStatements(
    url,
    "select count(*) n from information_schema.columns where column_name = 'full_collation_name'",
  )
  const rows = await runStatements(
    url,
    Number(parts?.n) > 0
      ? 'select character_set_name charset, full_collation_name collation from information_schema.collation_character_set_applicability'
      : 'select character_set_name charset, collation_name collation from information_schema.collations',
  )
  const collations = rows.map(({ charset, collation }) => ({ charset, collation }))
  return {
    texts: textCases(new Set(collations.map(({ collation }) => collation))),
    times: timeCases(system),
    bytes: bytesCases(identity),
    every: everyCollationCases(collations.filter(({ charset }) => charset !== 'binary')),
  }
}

async function compare(t: TestContext, tables: readonly CaseTable[]): Promise<void> {
  // Whatever the server keeps of the values, bent or not, are the rows.
  const statements = ["set sql_mode = ''", ...tables.flatMap((table) => table.statements)]
  await using data = await lookups(statements, { ...EVERY_VALUE, connectionLimit: 3 })
  await using unprepared = createDatabase({ uri: data.test.url, ...EVERY_VALUE, prepare: false })
  const metadata = await generatedTables(data.db)
  const repositories = (options: object = {}) => data.repositories({ tables: metadata, ...options })
  await using server = await loneComparisons(data.test.url)
  const { questions, ...alone } = await askAlone(
    data.test.url,
    shuffled(tables.flatMap((table) => table.questions)),
  )
  const ids = await readIds(data.db, Object.keys(metadata))
  const names = Object.keys(data.tables)
  const immutable = Object.fromEntries(names.map((name) => [name, 'immutable' as const]))
  const versioned = Object.fromEntries(names.map((name) => [name, 'versioned' as const]))
  await data.track(...names)
  const ways: Way[] = [
    { name: 'without a scope', repositories: repositories() },
    { name: 'one by one', repositories: repositories(), single: true },
    { name: 'one by one, as text', repositories: repositories({ db: unprepared }), single: true },
    { name: 'in a request', repositories: repositories().$forRequest(), remembered: true },
    { name: "'immutable'", repositories: repositories({ cache: immutable }), remembered: true },
    { name: "'versioned', one by one", repositories: repositories({ cache: versioned }), single: true },
    { name: 'by union all', repositories: repositories({ statementForm: 'union_all' }) },
    { name: 'by findAllBy', repositories: repositories(), list: true },
  ]
  for (const way of ways) {
    const { answers, objects } = await ask(way, questions)
    const differences = questions.flatMap((question, index) =>
      answers[index] === alone.answers[index]
        ? []
        : [{ question, text: `alone ${alone.answers[index]}, here ${answers[index]}` }],
    )
    await expectNone(server, differences, `${way.name}, seed ${seed}`)
    if (way.remembered) await assertIdentities(way.repositories, { ids, seen: objects })
  }
  await assertColumnsOfOneName(data.db, Object.keys(metadata))
  const deletes = await compareDeletes({
    server,
    repositories: repositories(),
    questions,
    answers: alone.answers,
  })
  const found = alone.answers.filter((answer) => typeof answer === 'number').length
  const invalid = alone.answers.filter((answer) => answer === 'invalid').length
  assert.ok(
    found > questions.length / 10 && found < questions.length,
    `${found} of ${questions.length} keys are of rows`,
  )
  t.diagnostic(
    `${questions.length} keys of ${tables.length} tables, each asked ${ways.length} ways, ${deletes} deleted by, and compared with ` +
      `${alone.comparisons} lone comparisons: ${found} rows, ${invalid} refused, 0 differences (seed ${seed})`,
  )
}

/** A delete finds the row that a read finds, or none. */
async function compareDeletes({
  server,
  repositories,
  questions,
  answers,
}: {
  readonly server: LoneComparisons
  readonly repositories: AnyRepositories
  readonly questions: readonly Question[]
  readonly answers: readonly Answer[]
}): Promise<number> {
  let count = 0
  const differences: Difference[] = []
  await repositories.$transaction(async (trx) => {
    for (let index = 0; index < questions.length; index += DELETED) {
      const question = questions[index]!
      if (question.spellings.some(({ key }) => key === null || key === undefined)) continue
      count++
      const id = answers[index]
      await sql`savepoint before_delete`.execute(trx.$db)
      const affected = await trx.$table(question.table).delete(keyOf(question)).catch(invalidKey)
      if (affected !== (id === undefined ? 0 : id === 'invalid' ? 'invalid' : 1)) {
        differences.push({ question, text: `alone ${id}, deleted ${affected}` })
      }
      if (affected !== 1) continue
      const rows = await trx.$db
        .selectFrom(question.table)
        .select('id')
        .where('id', '=', id as never)
        .execute()
      if (rows.length > 0) differences.push({ question, text: `another row than ${id} was deleted` })
      await sql`rollback to savepoint before_delete`.execute(trx.$db)
    }
  })
  await expectNone(server, differences, `seed ${seed}`)
  return count
}

interface Difference {
  readonly question: Question
  readonly text: string
}

/** Where the server itself answers a key in two ways, either is right; such keys are few. */
async function expectNone(
  server: LoneComparisons,
  differences: readonly Difference[],
  message: string,
): Promise<void> {
  const wrong: string[] = []
  for (const { question, text } of differences.slice(0, 100)) {
    if (!(await server.contradicts(question))) wrong.push(`${questionText(question)}: ${text}`)
  }
  assert.deepEqual(wrong, [], message)
  assert.ok(
    differences.length <= 10,
    `${differences.length} keys that the server answers in two ways, ${message}`,
  )
}

function invalidKey(error: unknown): 'invalid' {
  if (error instanceof InvalidKeyError) return 'invalid'
  throw error
}

function shuffled<Value>(values: readonly Value[]): Value[] {
  const all = fc.shuffledSubarray([...values], { minLength: values.length })
  return fc.sample(all, { seed, numRuns: 1 })[0]!
}

async function askAlone(url: string, questions: readonly Question[]) {
  await using query = await loneComparisons(url)
  await using execute = await loneComparisons(url)
  const answers: Answer[] = []
  const answered: Question[] = []
  for (const question of questions) {
    if (!isAccepted(question)) {
      answers.push('invalid')
      answered.push(question)
      continue
    }
    const protocols = protocolsFor(question)
    const both = await Promise.all(
      protocols.map((protocol) => (protocol === 'query' ? query : execute).ask(question, protocol)),
    )
    assert.ok(
      new Set(both).size === 1,
      `${questionText(question)}: the server answers ${protocols} ${both}, seed ${seed}`,
    )
    // Where the server cannot answer, nobody can.
    if (both[0] === 'fails') continue
    answers.push(both[0])
    answered.push(question)
  }
  assert.ok(questions.length - answered.length <= 10, 'the server can be asked nearly all')
  return { questions: answered, answers, comparisons: query.count + execute.count }
}

/** Asks in turns of the event loop; where rows are remembered, one row must be one object. */
async function ask(
  { repositories, list, single, remembered }: Way,
  questions: readonly Question[],
): Promise<{ answers: Answer[]; objects: ReadonlyMap<string, AnyRow> }> {
  const answers: Answer[] = []
  const objects = new Map<string, AnyRow>()
  const size = single ? 1 : TURN
  for (let from = 0; from < questions.length; from += size) {
    const turn = questions.slice(from, from + size)
    const found = await Promise.all(turn.map((question) => askOne(repositories, question, list)))
    for (const [index, row] of found.entries()) {
      if (typeof row === 'object' && remembered) {
        const name = `${turn[index]!.table} ${row.id}`
        if (!objects.has(name)) objects.set(name, row)
        assert.equal(row, objects.get(name), `${questionText(turn[index]!)}: a second object, seed ${seed}`)
      }
      answers.push(typeof row === 'object' ? (row.id as number) : row)
    }
  }
  return { answers, objects }
}

async function askOne(
  repositories: AnyRepositories,
  question: Question,
  list = false,
): Promise<AnyRow | 'invalid' | undefined> {
  const repository = repositories.$table(question.table)
  try {
    if (!list) return await repository.findByKey(keyOf(question))
    const rows = await repository.findAllBy(keyOf({ ...question, bare: false }))
    assert.ok(rows.length <= 1, questionText(question))
    return rows[0]
  } catch (error) {
    if (error instanceof InvalidKeyError) return 'invalid'
    throw error
  }
}
