import { createQueryId, type Kysely } from 'kysely'
import type { DriverField } from '../columns/column-type.ts'
import { descriptionParameters } from './parameter-marks.ts'
import { statement } from './statement.ts'

/**
 * The fields of a statement's result, which must have no rows, as the driver decodes them; undefined where the Kysely
 * instance is not one of `createDatabase`.
 */
export async function describeResult<DB>(
  db: Kysely<DB>,
  sql: string,
): Promise<readonly DriverField[] | undefined> {
  const { rows } = await db.withoutPlugins().executeQuery<DriverField>({
    sql,
    query: statement(sql).node,
    parameters: descriptionParameters,
    queryId: createQueryId(),
  })
  return rows.length > 0 ? rows : undefined
}
