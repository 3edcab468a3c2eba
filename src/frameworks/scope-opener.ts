import { ConfigurationError } from '../errors.ts'

/** What a framework needs of repositories: any that `createRepositories` made. */
export interface ScopeOpener {
  $request<Result>(fn: () => Result): Result
}

/** @throws ConfigurationError when the service starts, rather than with its first request. */
export function checkScopeOpener(repos: unknown, usage: string): asserts repos is ScopeOpener {
  if (typeof (repos as ScopeOpener | null | undefined)?.$request === 'function') return
  throw new ConfigurationError(
    `requestScope: expected the repositories that createRepositories made, got ${repos === null ? 'null' : typeof repos}. Use ${usage}.`,
  )
}
