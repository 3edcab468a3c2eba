import { type Connection, createConnection } from 'mysql2/promise'
import { BOTH_PROTOCOLS, type ColumnCase, loneValue, type Protocol, type Spelling } from './case.ts'

/** One key that is asked for: its table and columns. */
export interface Question {
  readonly table: string
  readonly columns: readonly { readonly name: string; readonly of: ColumnCase }[]
  readonly spellings: readonly Spelling[]
  /** The value itself, as the key of a one-column primary key, instead of an object. */
  readonly bare: boolean
}

export function keyOf({ columns, spellings, bare }: Question): unknown {
  if (bare) return spellings[0]!.key
  return Object.fromEntries(columns.map(({ name }, index) => [name, spellings[index]!.key]))
}

export function isAccepted({ columns, spellings }: Question): boolean {
  return columns.every(({ of }, index) => {
    const { key } = spellings[index]!
    return key === null || key === undefined || of.accepts(key)
  })
}

/** The protocols in which the lone comparison can be asked. */
export function protocolsFor({ columns, spellings }: Question): Protocol[] {
  // MySQL takes the parameters of later executions for numbers of the kind that it was once given: not exact for others.
  const all: readonly Protocol[] = spellings.some(isBeyondBigint) ? ['query'] : BOTH_PROTOCOLS
  return all.filter((protocol) =>
    columns.every(({ of }, index) => (of.protocols?.(spellings[index]!.key) ?? all).includes(protocol)),
  )
}

function isBeyondBigint(spelling: Spelling): boolean {
  const value = loneValue(spelling)
  return typeof value === 'bigint' && (value < -(2n ** 63n) || value >= 2n ** 64n)
}

/** What the server's own `=` answers: the row's id, undefined, or that it cannot be asked. */
export type LoneAnswer = number | undefined | 'fails'

/** Asks the server's own `=`. */
export interface LoneComparisons extends AsyncDisposable {
  /** In the text protocol or prepared. */
  ask(question: Question, protocol: Protocol): Promise<LoneAnswer>
  /**
   * Whether the server's answer depends on how it reads the table, by the index or row by row: an ENUM where what is no member
   * equals the empty one, a CHAR whose collation does not pad.
   */
  contradicts(question: Question): Promise<boolean>
  readonly count: number
}

/** The server cannot compare, for a character is not in the column's charset; 3988 is MySQL's word for it when prepared. */
const INCOMPARABLE = new Set([1267, 3854, 3988])

/** MariaDB 11.8 takes the index for corrupt, for some keys of a CHAR column under utf8mb4_0900_ai_ci. */
const CORRUPT = 1034

export async function loneComparisons(url: string): Promise<LoneComparisons> {
  const connection: Connection = await createConnection({
    uri: url,
    charset: 'utf8mb4',
    timezone: 'Z',
    maxPreparedStatements: 2000,
  })
  await connection.query("set time_zone = '+00:00'")
  let count = 0
  return {
    get count() {
      return count
    },
    async ask({ table, columns, spellings }, protocol) {
      count++
      const sql = `select id from \`${table}\` where ${conditionOf(columns)}`
      const values = spellings.map(loneValue)
      try {
        const [rows] = await (protocol === 'query'
          ? connection.query(sql, values)
          : connection.execute(sql, values as never))
        const ids = (rows as { id: number }[]).map(({ id }) => id)
        if (ids.length > 1) throw new Error(`${table}: the lone comparison answered ${ids.length} rows`)
        return ids[0]
      } catch (error) {
        if (INCOMPARABLE.has((error as { errno?: number }).errno ?? 0)) return undefined
        if ((error as { errno?: number }).errno === CORRUPT) return 'fails'
        throw error
      }
    },
    async contradicts({ table, columns, spellings }) {
      const values = spellings.map(loneValue)
      const ids = ['', 'use index ()'].map(async (hint) => {
        const sql = `select id from \`${table}\` ${hint} where ${conditionOf(columns)} order by id`
        return JSON.stringify((await connection.query(sql, values))[0])
      })
      return (await ids[0]) !== (await ids[1])
    },
    [Symbol.asyncDispose]: () => connection.end(),
  }
}

function conditionOf(columns: Question['columns']): string {
  return columns.map(({ name, of }) => `\`${name}\` = ${of.comparison ?? '?'}`).join(' and ')
}

/** For a message: the table, and the key with what cannot be seen spelled out. */
export function questionText({ table, columns, spellings }: Question): string {
  const parts = columns.map(({ name }, index) => `${name} = ${keyText(spellings[index]!.key)}`)
  return `${table}: ${parts.join(', ')}`
}

function keyText(key: unknown): string {
  if (Buffer.isBuffer(key)) return `x'${key.subarray(0, 40).toString('hex')}'`
  if (typeof key !== 'string') return `${typeof key} ${String(key)}`
  return JSON.stringify(key.slice(0, 60)).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
