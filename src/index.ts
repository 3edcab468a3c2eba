export type { DecodingOptions } from './columns/decoding-options.ts'
export { createDatabase } from './database/create-database.ts'
export type {
  DatabaseOptions,
  FixedDriverOption,
  LookupConnectionOptions,
} from './database/database-options.ts'
export type { StatementForm } from './database/server-features.ts'
export type {
  BatchMessage,
  DoorbellMessage,
  EvictMessage,
  GenerationMessage,
  LoadMessage,
  PollMessage,
  RefreshMessage,
  StoreMessage,
  UnverifiedMessage,
  VerifiedMessage,
} from './diagnostics/messages.ts'
export type { DatabaseIdentity, ReadSubject } from './diagnostics/read-subject.ts'
export type { BatchSizes, TableStats } from './diagnostics/stats.ts'
export {
  ConfigurationError,
  type ConfigurationKind,
  InvalidKeyError,
  LookupError,
  type LookupErrorCode,
  LookupTimeoutError,
  RowNotFoundError,
  UnrepresentableValueError,
} from './errors.ts'
export type {
  AbsenceOf,
  AbsenceOfValue,
  CheckedColumns,
  CheckedKey,
  CheckedValue,
  ConstantKeys,
  IsLiteral,
  MemberOf,
  OnlyMember,
  Presence,
  PrimaryColumn,
} from './keys/constant-types.ts'
export type {
  IndexColumns,
  KeyObject,
  KeyObjects,
  KeyValue,
  LeadingParts,
  NullableKey,
  ScalarKey,
  UniqueColumns,
} from './keys/key-parts.ts'
export type { FrozenValue, KeyOf, PrefixOf, RowOf } from './keys/key-types.ts'
export type { ForeignKeyOf, ReferencedRow, ReferenceName, ReferringRow } from './keys/reference-types.ts'
export type {
  ColumnMetadata,
  ConstantKey,
  ForeignKeyMetadata,
  IndexMetadata,
  TableMetadata,
  TablesMetadata,
} from './metadata.ts'
export type { CachedReads, Preload, WholeTable } from './repositories/cached-reads.ts'
export type { ConstantReads, ConstantRepository } from './repositories/constant-repository.ts'
export { createRepositories } from './repositories/create-repositories.ts'
export type { ReferenceReads } from './repositories/references.ts'
export type { RefreshOptions } from './repositories/refreshing.ts'
export type { RepositoriesByName, TableAccess } from './repositories/repositories-by-name.ts'
export type {
  CacheMode,
  CacheModes,
  ExpiringCacheMode,
  RepositoriesOptions,
} from './repositories/repositories-options.ts'
export { Repository } from './repositories/repository.ts'
export type { RepositoryOf, TableName, TableWrites, WritesByName } from './repositories/repository-of.ts'
export type { TransactionOptions } from './repositories/transaction.ts'
export type {
  OpenTransaction,
  QueryAccess,
  TransactionRepositories,
} from './repositories/transaction-repositories.ts'
export type { Repositories, RepositoriesMembers } from './repositories/types.ts'
export type { Inserts, Writes } from './repositories/writes.ts'
export type { MachineRecords, Store, StoreEntry, StoreNamespace } from './store/store.ts'
export { tiered } from './store/tiered.ts'
export type { Doorbell, DoorbellListener, DoorbellSubscription } from './versions/doorbell.ts'
export type { VersionOptions } from './versions/version-watch.ts'
