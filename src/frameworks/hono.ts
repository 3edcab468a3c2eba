import type { MiddlewareHandler } from 'hono'
import { handleInScope, type ResponseLifetime } from './response-lifetime.ts'
import { checkScopeOpener, type ScopeOpener } from './scope-opener.ts'

export type { ScopeOpener }

/** What `@hono/node-server` passes along; `app.request()` and other servers do not. */
interface NodeBindings {
  readonly incoming?: ResponseLifetime['request']
  readonly outgoing?: ResponseLifetime['response']
}

/**
 * Returns a middleware that opens a request scope for each request. Put it before the routes: everything after it reads in the
 * scope. On `@hono/node-server` the scope ends with the response: when it has been sent, when the handler has failed, or when
 * the client has disconnected. Elsewhere, as in `app.request()`, it ends when the handler has returned. An upgrade to a WebSocket
 * gets no scope.
 *
 * @example
 * ```ts
 * import { Hono } from 'hono'
 *
 * const app = new Hono()
 * app.use(requestScope(repos))
 * ```
 * @throws ConfigurationError if `repos` is not from `createRepositories`.
 */
export function requestScope(repos: ScopeOpener): MiddlewareHandler {
  checkScopeOpener(repos, 'app.use(requestScope(repos))')
  return (context, next) => {
    const { incoming, outgoing } = (context.env ?? {}) as NodeBindings
    if (incoming && outgoing) return handleInScope(repos, { request: incoming, response: outgoing }, next)
    return context.req.header('upgrade')?.toLowerCase() === 'websocket' ? next() : repos.$request(next)
  }
}
