export type { ServerSystem } from '../database/server-version.ts'
export { type MigrationFolder, migrate } from './migration-folder.ts'
export type { SentStatement } from './sent-statements.ts'
export {
  startThrowawayServer,
  type ThrowawayServer,
  type ThrowawayServerOptions,
} from './server/throwaway-server.ts'
export {
  countStatements,
  expectStatements,
  type StatementCount,
  type StatementCountOptions,
} from './statement-count.ts'
export { type ExpectedStatements, StatementCountError } from './statement-count-error.ts'
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.ts'
export { type TruncateOptions, truncateTables } from './truncation.ts'
