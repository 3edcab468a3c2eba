import assert from 'node:assert/strict'
import type { Kysely } from 'kysely'
import { checkService } from '../../src/check/all-checks.ts'
import type { CachedTable, CheckTarget } from '../../src/check/check-target.ts'
import type { Finding, FindingCode } from '../../src/check/finding.ts'
import { type AnyDB, type Lookups, metadataOf } from './lookups.ts'

export type Expected = readonly [code: FindingCode, table: string | undefined, message: RegExp]

export interface Given extends Partial<Omit<CheckTarget, 'owner' | 'service'>> {
  readonly owner?: Kysely<AnyDB>
  readonly service?: Kysely<AnyDB>
}

/** What the check finds in a database, by the metadata that it has now or `tables`. */
export async function inspect(data: Pick<Lookups, 'db'>, { owner, service, ...more }: Given = {}) {
  const tables = more.tables ?? Object.values(await metadataOf(data.db))
  return await checkService({
    owner: (owner ?? data.db) as unknown as Kysely<unknown>,
    service: (service ?? data.db) as unknown as Kysely<unknown>,
    serviceKnown: true,
    cached: new Map(),
    ...more,
    tables: tables.filter(({ name }) => name !== 'lookup_version'),
  })
}

export function cached(
  modes: Readonly<Record<string, CachedTable['mode']>>,
  maxRows = 1_000,
): CheckTarget['cached'] {
  return new Map(Object.entries(modes).map(([table, mode]) => [table, { mode, maxRows }]))
}

/** That these are the findings, in this order. */
export function assertFindings(findings: readonly Finding[], expected: readonly Expected[]): void {
  assert.deepEqual(
    findings.map(({ code, table }) => [code, table]),
    expected.map(([code, table]) => [code, table]),
    JSON.stringify(findings, undefined, 1),
  )
  for (const [index, [, , message]] of expected.entries()) assert.match(findings[index]!.message, message)
}
