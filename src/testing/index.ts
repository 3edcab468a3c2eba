export type { ServerSystem } from '../database/server-version.ts'
export { StatementCountError } from '../errors.ts'
export { type MigrationFolder, migrate } from './migration-folder.ts'
export {
  startThrowawayServer,
  type ThrowawayServer,
  type ThrowawayServerOptions,
} from './server/throwaway-server.ts'
export {
  countStatements,
  type ExpectedStatements,
  expectStatements,
  type SentStatement,
  type StatementCount,
  type StatementCountOptions,
} from './statement-count.ts'
export { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from './test-database.ts'
export { type TruncateOptions, truncateTables } from './truncation.ts'
