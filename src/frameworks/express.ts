import type { IncomingMessage, ServerResponse } from 'node:http'
import { handleInScope } from './response-lifetime.ts'
import { checkScopeOpener, type ScopeOpener } from './scope-opener.ts'

/** A middleware of Express, Connect, and whatever else passes Node's request and response along. */
type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * A middleware that opens a request scope for each request: `app.use(requestScope(repos))`, before the routes. Everything
 * that comes after it reads in the scope, which ends with the response: when it has been sent, when the handler has
 * failed, and when the client has gone. An upgrade to a WebSocket gets no scope.
 *
 * @throws ConfigurationError where `repos` is not from `createRepositories`.
 */
export function requestScope(repos: ScopeOpener): Middleware {
  checkScopeOpener(repos, 'app.use(requestScope(repos))')
  return (request, response, next) => handleInScope(repos, { request, response }, next)
}
