import { LookupError } from '../errors.ts'

/**
 * `amend` could not start, or could not keep everything in one transaction. The table is still frozen.
 *
 * @example
 * ```ts
 * await amend(db, 'city', (trx) => trx.deleteFrom('city').where('id', '=', 1).execute()).catch((error: unknown) => {
 *   if (error instanceof AmendError) console.error(`look at ${error.table} before the next try`)
 *   throw error
 * })
 * ```
 */
export class AmendError extends LookupError {
  /** The table's name in the database. */
  readonly table: string

  constructor(table: string, message: string, options?: ErrorOptions) {
    super('KYSELY_LOOKUP_AMEND', `${table}: ${message}`, options)
    this.table = table
  }
}
