import type { Execute } from '../database/execute.ts'
import { ConfigurationError } from '../errors.ts'
import type { PolledRow } from './poll-record.ts'
import { FINGERPRINT, VERSIONS } from './poll-sql.ts'
import { isComplete } from './table-slots.ts'
import { VERSION_TABLE } from './version-table.ts'

/** The versions of all tables at one time. */
export interface VersionAnswer {
  /** Which server has answered; undefined where there are no versions. */
  readonly server: string | undefined
  readonly rows: readonly PolledRow[]
  readonly versions: ReadonlyMap<string, number>
  /** The tables that have version rows, but not all of them. */
  readonly incomplete: ReadonlySet<string>
}

export function versionAnswer(server: string | undefined, rows: readonly PolledRow[]): VersionAnswer {
  return {
    ...{ server, rows },
    versions: new Map(rows.map(([table, version]) => [table, version])),
    incomplete: new Set(
      // The version of one row is that of the table.
      rows.flatMap(([table, version, slots]) => (isComplete({ rows: slots, first: version }) ? [] : [table])),
    ),
  }
}

/** How long (ms) fingerprints stand for versions: two states of the table with one fingerprint are unlikely, not impossible. */
const FINGERPRINT_AGE = 30_000

interface Known {
  readonly fingerprint: string
  readonly answer: VersionAnswer
  readonly at: number
}

/** Reads the versions. As long as none moves, the server answers with one short text, and they are the same object. */
export class VersionReader {
  #known: Known | undefined
  /** The number of the last short answer. */
  #number: string | undefined
  #isRepeated = false

  /** Whether the last short answer was that of an earlier statement: it comes out of a cache, and changes go unnoticed. */
  get isRepeated(): boolean {
    return this.#isRepeated
  }

  /** @param all Whether to read versions without asking first whether any has moved, for one has, as a rule. */
  async read(execute: Execute, all = false): Promise<VersionAnswer> {
    const known = this.#known
    const at = performance.now()
    if (!all && known && at - known.at < FINGERPRINT_AGE) {
      const [row] = await execute(FINGERPRINT, [])
      const text = String(row?.[0])
      const end = text.indexOf(' ')
      const number = text.slice(0, end)
      this.#isRepeated = number === this.#number
      this.#number = number
      if (text.slice(end + 1) === known.fingerprint) return known.answer
    }
    const rows = await execute(VERSIONS, [])
    const server = rows.length > 0 ? String(rows[0]![3]) : undefined
    const answer = versionAnswer(
      server,
      rows.map(([table, version, slots]): PolledRow => [String(table), Number(version), Number(slots)]),
    )
    this.#known = server === undefined ? undefined : { fingerprint: fingerprintOf(server, rows), answer, at }
    return answer
  }
}

/** What the server would have answered to `FINGERPRINT` at the time. */
function fingerprintOf(server: string, rows: Awaited<ReturnType<Execute>>): string {
  let [slots, sum, newest, mixed] = [0n, 0n, 0n, 0n]
  for (const row of rows) {
    const [count = 0n, versions = 0n, max = 0n, xor = 0n] = String(row[4]).split(' ').map(BigInt)
    slots += count
    sum += versions
    if (max > newest) newest = max
    mixed ^= xor
  }
  return [server, slots, sum, newest, mixed].join(' ')
}

/** The error for polls that something between this process and the server answers. */
export function answeredFromCache(): ConfigurationError {
  return new ConfigurationError({
    kind: 'versions',
    problem: `Two polls of ${VERSION_TABLE} got the same answer of the server: a proxy answers from a cache, so that changes of cached tables would go unnoticed`,
    fix: `Exclude ${VERSION_TABLE} and the tables that you cache from the proxy's cache, or turn that off (Hyperdrive: caching disabled; ProxySQL: no cache_ttl).`,
  })
}
