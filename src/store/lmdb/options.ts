import { resolve } from 'node:path'
import { ConfigurationError } from '../../errors.ts'

/**
 * The options of `lmdbStore`.
 *
 * @example
 * ```ts
 * const options: LmdbStoreOptions = { path: '/var/cache/shop/lookups', maxBytes: 512 * 1024 ** 2 }
 * ```
 */
export interface LmdbStoreOptions {
  /**
   * A folder on a local disk, which belongs to the store and its user alone. It is made if it does not exist.
   *
   * @example
   * ```ts
   * lmdbStore({ path: '/var/cache/shop/lookups' })
   * ```
   */
  readonly path: string
  /**
   * Bytes that its file may take (default 1 GiB). Rows of the tables and versions that were used longest ago make room.
   *
   * @example
   * ```ts
   * lmdbStore({ path: '/var/cache/shop/lookups', maxBytes: 256 * 1024 ** 2 })
   * ```
   */
  readonly maxBytes?: number
  /**
   * Milliseconds for which an entry is served (default a day). It limits how long a change stays unseen that bypassed the triggers.
   *
   * @example
   * ```ts
   * lmdbStore({ path: '/var/cache/shop/lookups', maxAge: 3_600_000 })
   * ```
   */
  readonly maxAge?: number
}

const DEFAULT_MAX_BYTES = 1024 ** 3
const DEFAULT_MAX_AGE = 86_400_000
/** LMDB's own pages take some. */
const LEAST_BYTES = 1024 ** 2

/** @throws ConfigurationError for what cannot work. */
export function resolveLmdbOptions(options: LmdbStoreOptions): Required<LmdbStoreOptions> {
  const { path, maxBytes = DEFAULT_MAX_BYTES, maxAge = DEFAULT_MAX_AGE, ...others } = options ?? {}
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw invalid(`there is no option ${JSON.stringify(unknown)}`, 'Use path, maxBytes, maxAge.')
  }
  if (typeof path !== 'string' || path === '') {
    throw invalid(
      'path must be the path of a folder',
      "Set it: lmdbStore({ path: '/var/cache/shop/lookups' }).",
    )
  }
  if (!Number.isSafeInteger(maxBytes) || maxBytes < LEAST_BYTES) {
    throw invalid(
      'maxBytes must be an integer, in bytes, of a mebibyte or more',
      'Correct it, or leave it out.',
    )
  }
  if (!Number.isSafeInteger(maxAge) || maxAge <= 0) {
    throw invalid('maxAge must be a positive integer, in milliseconds', 'Correct it, or leave it out.')
  }
  return { path: resolve(path), maxBytes, maxAge }
}

function invalid(problem: string, fix: string): ConfigurationError {
  return new ConfigurationError({ kind: 'option', problem: `lmdbStore: ${problem}`, fix })
}
