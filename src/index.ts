export type { DecodingOptions } from './columns/decoding-options.ts'
export { createDatabase, type DatabaseOptions } from './database/create-database.ts'
export type { StatementForm } from './database/server-features.ts'
export type {
  BatchMessage,
  DatabaseIdentity,
  EvictMessage,
  GenerationMessage,
  LoadMessage,
  PollMessage,
  ReadSubject,
  UnverifiedMessage,
  VerifiedMessage,
} from './diagnostics/channels.ts'
export type { BatchSizes, TableStats } from './diagnostics/stats.ts'
export {
  ConfigurationError,
  InvalidKeyError,
  LookupError,
  LookupTimeoutError,
  RowNotFoundError,
  UnrepresentableValueError,
} from './errors.ts'
export type { KeyOf, PrefixOf, RowOf } from './keys/key-types.ts'
export type { ColumnMetadata, IndexMetadata, TableMetadata, TablesMetadata } from './metadata.ts'
export { createRepositories } from './repositories/create-repositories.ts'
export { Repository } from './repositories/repository.ts'
export type {
  CacheMode,
  ConstantRepository,
  Repositories,
  RepositoriesOptions,
  RepositoryOf,
  TransactionRepositories,
} from './repositories/types.ts'
