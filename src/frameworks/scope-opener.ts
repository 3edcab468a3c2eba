import { ConfigurationError } from '../errors.ts'

/**
 * What `requestScope` needs of repositories. All repositories from `createRepositories` have it.
 *
 * @example
 * ```ts
 * const opener: ScopeOpener = repos
 * ```
 */
export interface ScopeOpener {
  /**
   * Runs `fn` in a request scope that ends when its result settles.
   *
   * @example
   * ```ts
   * await repos.$request(() => repos.country.findByKey('FR'))
   * ```
   * @throws what `fn` throws.
   */
  $request<Result>(fn: () => Result): Result
}

/** @throws ConfigurationError at startup rather than with the first request. */
export function checkScopeOpener(repos: unknown, usage: string): asserts repos is ScopeOpener {
  if (typeof (repos as ScopeOpener | null | undefined)?.$request === 'function') return
  throw new ConfigurationError({
    kind: 'option',
    problem: `requestScope: expected the repositories that createRepositories made, got ${repos === null ? 'null' : typeof repos}`,
    fix: `Use ${usage}.`,
  })
}
