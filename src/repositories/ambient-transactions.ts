import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import type { CurrentScope, RequestScope } from '../scope/request-scope.ts'
import type { AnyRepository, Detour } from './repository-parts.ts'
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
export class AmbientTransactions {
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

  /** Leads the calls of the repository `name` to the transaction's, for whoever runs in one, else to its own. */
  detour(name: string, scopes: CurrentScope, own: () => AnyRepository): Detour {
    const current = () => this.inside(scopes)?.$table(name) ?? own()
    return {
      switch: this,
      async call(work) {
        return work(current())
      },
      now: (work) => work(current()),
    }
  }
}
