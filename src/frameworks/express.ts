import type { IncomingMessage, ServerResponse } from 'node:http'
import { setErrorStatus } from './error-status.ts'
import { handleInScope } from './response-lifetime.ts'
import { checkScopeOpener, type ScopeOpener } from './scope-opener.ts'

export type { ScopeOpener }

/**
 * A middleware of Express, Connect, or anything else that passes on Node's request and response.
 *
 * @example
 * ```ts
 * const scoped: Middleware = requestScope(repos)
 * ```
 */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Returns a middleware that opens a request scope for each request. Put it before the routes: everything after it reads in the
 * scope. The scope ends with the response: when it has been sent, when the handler has failed, or when the client has
 * disconnected. An upgrade to a WebSocket gets no scope.
 *
 * @example
 * ```ts
 * import express from 'express'
 *
 * const app = express()
 * app.use(requestScope(repos))
 * ```
 * @throws ConfigurationError if `repos` is not from `createRepositories`.
 */
export function requestScope(repos: ScopeOpener): Middleware {
  checkScopeOpener(repos, 'app.use(requestScope(repos))')
  return (request, response, next) => handleInScope(repos, { request, response }, next)
}

/**
 * A middleware of Express or Connect that is called with an error.
 *
 * @example
 * ```ts
 * const withStatus: ErrorMiddleware = errorStatus()
 * ```
 */
export type ErrorMiddleware = (
  error: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * Returns a middleware that has Express answer 400 to a request that fails with an `InvalidKeyError`, and 404 to one that fails with a
 * `RowNotFoundError`. Put it after the routes; error handlers after it see `error.statusCode`. Never throws.
 *
 * @example
 * ```ts
 * import express from 'express'
 *
 * const app = express()
 * app.use(requestScope(repos))
 * app.get('/countries/:code', async ({ params }, response) => {
 *   response.json(await repos.country.findByKeyOrThrow(params.code))
 * })
 * app.use(errorStatus())
 * ```
 */
export function errorStatus(): ErrorMiddleware {
  return (error, _request, _response, next) => {
    setErrorStatus(error)
    next(error)
  }
}
