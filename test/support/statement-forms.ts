import { hasJsonTable, type StatementForm } from '../../src/database/server-features.ts'
import { UNION_LIMIT } from '../../src/loading/lookup.ts'
import { identifyServer, testServerUrl } from './server.ts'

/** The forms that the server under test understands; the first is the one that repositories choose there. */
export async function readStatementForms(): Promise<readonly [StatementForm, ...StatementForm[]]> {
  return hasJsonTable(await identifyServer(await testServerUrl()))
    ? ['json_table', 'union_all']
    : ['union_all']
}

/** How the text of a statement for several keys goes on after its columns. */
export const KEYS_FROM: Readonly<Record<StatementForm, string>> = {
  json_table: 'from json_table(?, ',
  union_all: 'from (select 1 o, ',
}

/** How many statements one batch of so many keys takes in this form. */
export function statementsFor(form: StatementForm, keys: number): number {
  return form === 'json_table' ? 1 : Math.ceil(keys / UNION_LIMIT)
}
