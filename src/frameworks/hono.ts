import type { MiddlewareHandler } from 'hono'
import { type Exchange, handleInScope } from './response-lifetime.ts'
import { checkScopeOpener, type ScopeOpener } from './scope-opener.ts'

/** What @hono/node-server passes along; `app.request()` and other servers do not. */
interface NodeBindings {
  readonly incoming?: Exchange['request']
  readonly outgoing?: Exchange['response']
}

/**
 * A middleware that opens a request scope for each request: `app.use(requestScope(repos))`, before the routes. Everything
 * that comes after it reads in the scope. On `@hono/node-server` the scope ends with the response: when it has been
 * sent, when the handler has failed, and when the client has gone. Elsewhere, as in `app.request()`, it ends when the
 * handler has answered. An upgrade to a WebSocket gets no scope.
 *
 * @throws ConfigurationError where `repos` is not from `createRepositories`.
 */
export function requestScope(repos: ScopeOpener): MiddlewareHandler {
  checkScopeOpener(repos, 'app.use(requestScope(repos))')
  return (context, next) => {
    const { incoming, outgoing } = (context.env ?? {}) as NodeBindings
    if (incoming && outgoing) return handleInScope(repos, { request: incoming, response: outgoing }, next)
    return context.req.header('upgrade')?.toLowerCase() === 'websocket' ? next() : repos.$request(next)
  }
}
