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
} from './channels.ts'
export { createRepositories } from './create-repositories.ts'
export { createDatabase, type DatabaseOptions } from './database.ts'
export type { DecodingOptions } from './decoding.ts'
export {
  ConfigurationError,
  InvalidKeyError,
  LookupError,
  LookupTimeoutError,
  RowNotFoundError,
  UnrepresentableValueError,
} from './errors.ts'
export type { BatchSizes, TableStats } from './events.ts'
export type { KeyOf, PrefixOf, RowOf } from './key-types.ts'
export type {
  CacheMode,
  ConstantRepository,
  Repositories,
  RepositoriesOptions,
  RepositoryOf,
  TransactionRepositories,
} from './repositories.ts'
export { Repository } from './repository.ts'
export type { StatementForm } from './server.ts'
export type { ColumnMetadata, IndexMetadata, TableMetadata, TablesMetadata } from './table.ts'
