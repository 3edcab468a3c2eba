import type { QueryExecutorProvider } from 'kysely'
import { ConfigurationError } from '../errors.ts'

/**
 * Refuses what `db.withSchema('x')` returned: statements of this library do not pass through plugins, and would act on the database
 * that the connection has selected instead of `x`.
 *
 * @throws ConfigurationError
 */
export function refuseSchema(db: QueryExecutorProvider, who: string): void {
  // By name: the application may have another copy of Kysely.
  if (!db.getExecutor().plugins.some((plugin) => plugin.constructor.name === 'WithSchemaPlugin')) return
  throw new ConfigurationError({
    kind: 'connection',
    problem: `${who}: the Kysely instance comes from withSchema(), and the database that its connection has selected would be used instead`,
    fix: 'Pass an instance without withSchema() whose connection selects that database: mysql://user:password@host:3306/database.',
  })
}
