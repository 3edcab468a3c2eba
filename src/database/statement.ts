import { RawNode, type RootOperationNode } from 'kysely'

/** An SQL text; made once, sent many times. */
export interface Statement {
  readonly sql: string
  readonly node: RootOperationNode
}

export function statement(sql: string): Statement {
  return { sql, node: RawNode.createWithSql(sql) }
}

/** The same under every `completion_type`, which may begin a transaction or end the connection. */
export const ROLLBACK = 'rollback and no chain no release'

/** What Kysely begins and ends transactions with, and what is sent. */
const TRANSACTION: ReadonlyMap<string, string> = new Map([
  // It begins a block of PL/SQL in MariaDB's sql_mode ORACLE.
  ['begin', 'start transaction'],
  ['commit', 'commit and no chain no release'],
  ['rollback', ROLLBACK],
])

/** The text that means in every session what the given one means by default. */
export function plainMeaning(sql: string): string {
  return TRANSACTION.get(sql) ?? sql
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
