import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import type { CurrentScope, RequestScope } from '../scope/request-scope.ts'
import type { AnyRepository, Detour, RepositoryParts, Route } from './repository-parts.ts'
import type { RepositorySet } from './repository-set.ts'
import type { TransactionOptions } from './transaction.ts'
import type { TransactionLifetime } from './transaction-lifetime.ts'

export interface TransactionSet extends RepositorySet {
  readonly $db: Kysely<unknown>
}

/** A transaction that the repositories of the process and of requests read and write in. */
export interface AmbientTransaction {
  readonly set: TransactionSet
  readonly lifetime: TransactionLifetime
  readonly isolationLevel: TransactionOptions['isolationLevel']
  /** The requests that used it: they read what it wrote from the server once it is committed. */
  readonly scopes: Set<RequestScope>
}

/** The ambient transactions of what `createRepositories` made. */
export class AmbientTransactions implements Route {
  /** Whether there was ever one: until then nobody asks which one is current. */
  on = false
  readonly #current = new AsyncLocalStorage<AmbientTransaction | undefined>()

  /** The one that the caller runs in, perhaps ended. */
  current(): AmbientTransaction | undefined {
    return this.on ? this.#current.getStore() : undefined
  }

  run<Result>(transaction: AmbientTransaction, fn: () => Promise<Result>): Promise<Result> {
    this.on = true
    return this.#current.run(transaction, fn)
  }

  outside<Result>(fn: () => Result): Result {
    return this.#current.run(undefined, fn)
  }

  /** The transaction's repositories for whoever runs in one, who may be in a request. */
  inside(scopes: CurrentScope): TransactionSet | undefined {
    const transaction = this.current()
    if (!transaction) return undefined
    const scope = scopes.getStore()
    if (scope) transaction.scopes.add(scope)
    return transaction.set
  }

  /** Leads the calls of a repository to the transaction's, for whoever runs in one. */
  detour(parts: RepositoryParts, own: () => AnyRepository): Detour {
    return new AmbientDetour(this, parts, own)
  }
}

/** A class, because each repository of each request has one: its methods are made once. */
class AmbientDetour implements Detour {
  readonly switch: AmbientTransactions
  readonly #parts: RepositoryParts
  readonly #own: () => AnyRepository

  constructor(ambient: AmbientTransactions, parts: RepositoryParts, own: () => AnyRepository) {
    this.switch = ambient
    this.#parts = parts
    this.#own = own
  }

  async call<Result>(work: (one: AnyRepository) => Promise<Result>): Promise<Result> {
    return work(this.#current())
  }

  now<Result>(work: (one: AnyRepository) => Result): Result {
    return work(this.#current())
  }

  #current(): AnyRepository {
    const { name, scopes } = this.#parts
    return this.switch.inside(scopes)?.$table(name) ?? this.#own()
  }
}
