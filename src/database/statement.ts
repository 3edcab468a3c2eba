import { RawNode, type RootOperationNode } from 'kysely'

/** An SQL text; made once, sent many times. */
export interface Statement {
  readonly sql: string
  readonly node: RootOperationNode
}

export function statement(sql: string): Statement {
  return { sql, node: RawNode.createWithSql(sql) }
}

export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``
}
