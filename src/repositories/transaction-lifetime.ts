import { ER_LOCK_DEADLOCK, errorNumber } from '../database/server-errors.ts'
import { LookupError } from '../errors.ts'
import type { AnyRepository, Detour, RepositoryParts, Route } from './repository-parts.ts'

const ON = { on: true }

/** How long the repositories of a `$transaction` may be used. */
export class TransactionLifetime implements Route {
  #state: 'open' | 'ended' | 'failed' = 'open'
  #cause: unknown
  #pending = 0
  #joined = 0
  #idle: (() => void) | undefined

  /** Makes the calls of a repository as long as the transaction lasts. */
  detour(_: RepositoryParts, own: () => AnyRepository): Detour {
    return {
      switch: ON,
      call: async (work) => this.#call(() => work(own())),
      now: (work) => {
        this.expectOpen()
        return work(own())
      },
    }
  }

  #call<Result>(work: () => Promise<Result>): Promise<Result> {
    this.expectOpen()
    this.#pending++
    const result = work()
    result.then(
      () => this.#settled(),
      (error) => {
        // The server has rolled it back: what comes after would be committed statement by statement.
        if (errorNumber(error) === ER_LOCK_DEADLOCK) this.fail(error)
        this.#settled()
      },
    )
    return result
  }

  /** @throws LookupError if the transaction has ended, or can only be rolled back. */
  expectOpen(): void {
    if (this.#state === 'failed') throw this.#failure()
    if (this.#state === 'ended') {
      throw new LookupError(
        'KYSELY_LOOKUP_TRANSACTION_ENDED',
        'The transaction that this call belongs to has ended. Await in it all that it starts, or start with repos.$withoutTransaction(fn) what is to go on after it.',
      )
    }
  }

  /** Runs a `$transaction` that joins this one: it has no end of its own, so that its failure is the failure of all. */
  async join<Result>(fn: () => Promise<Result>): Promise<Result> {
    this.expectOpen()
    this.#joined++
    try {
      return await fn()
    } catch (error) {
      this.fail(error)
      throw error
    } finally {
      this.#joined--
    }
  }

  /** It can only be rolled back from now on. */
  fail(cause: unknown): void {
    if (this.#state === 'failed') return
    this.#state = 'failed'
    this.#cause = cause
  }

  /**
   * Takes no more calls, and resolves when those under way have settled: their statements belong before the end.
   * @throws LookupError if the transaction must not be committed.
   */
  async end(): Promise<void> {
    if (this.#state === 'open') this.#state = 'ended'
    if (this.#pending > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    if (this.#state === 'failed') throw this.#failure()
    if (this.#joined > 0) throw unfinished()
  }

  #settled(): void {
    this.#pending--
    if (this.#pending === 0) this.#idle?.()
  }

  #failure(): LookupError {
    return new LookupError(
      'KYSELY_LOOKUP_TRANSACTION_FAILED',
      'The transaction can only be rolled back: a $transaction that joined it has failed, or the server has rolled it back after a deadlock. Let the error reach the outermost $transaction.',
      { cause: this.#cause },
    )
  }
}

function unfinished(): LookupError {
  return new LookupError(
    'KYSELY_LOOKUP_TRANSACTION_FAILED',
    'The transaction was rolled back: a $transaction that joined it had not ended. Await it.',
  )
}
