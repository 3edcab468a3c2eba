/**
 * Which of the two servers it is.
 *
 * @example
 * ```ts
 * const system: ServerSystem = 'mariadb'
 * ```
 */
export type ServerSystem = 'mysql' | 'mariadb'

/** A server's kind and version. */
export interface ServerVersion {
  readonly system: ServerSystem
  /** Such as `10.11.19`; empty where the text names none. */
  readonly version: string
  /** The first two numbers as one, for comparisons: 1011 for `10.11.19`. */
  readonly release: number
  /** Whether it has MySQL's protocol and number, and not all of its SQL: TiDB, Vitess and PlanetScale. */
  readonly partial: boolean
}

/** Reads what `select version()`, a server's greeting or its program's `--version` says. */
export function parseServerVersion(text: string): ServerVersion {
  // Old clients take a leading 10 for an ancient server, so MariaDB 10 greets with 5.5.5- before its version.
  const [version = '', major, minor] = /(\d+)\.(\d+)(?:\.\d+)?/.exec(text.replace(/^5\.5\.5-/, '')) ?? []
  return {
    system: /mariadb/i.test(text) ? 'mariadb' : 'mysql',
    version,
    release: Number(major ?? 0) * 100 + Number(minor ?? 0),
    partial: /tidb|vitess|planetscale/i.test(text),
  }
}
