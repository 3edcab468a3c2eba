import { STATUS_CODES } from 'node:http'
import type { Context, MiddlewareHandler } from 'hono'
import { statusOf } from './error-status.ts'
import { handleInScope, type ResponseLifetime } from './response-lifetime.ts'
import { checkScopeOpener, type ScopeOpener } from './scope-opener.ts'

export type { ScopeOpener }

/** What `@hono/node-server` passes along; `app.request()` and other servers do not. */
interface NodeBindings {
  readonly incoming?: ResponseLifetime['request']
  readonly outgoing?: ResponseLifetime['response']
}

/**
 * The options of the middleware.
 *
 * @example
 * ```ts
 * const options: RequestScopeOptions = { errorStatus: true }
 * ```
 */
export interface RequestScopeOptions {
  /**
   * Whether a request that fails with an `InvalidKeyError` is answered with 400, and one that fails with a `RowNotFoundError` with
   * 404 (default `false`: with 500, as for any error). What `onError` answers keeps its body, and its status if it is not 500.
   *
   * @example
   * ```ts
   * import { Hono } from 'hono'
   *
   * new Hono().use(requestScope(repos, { errorStatus: true }))
   * ```
   */
  readonly errorStatus?: boolean
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
export function requestScope(repos: ScopeOpener, options: RequestScopeOptions = {}): MiddlewareHandler {
  checkScopeOpener(repos, 'app.use(requestScope(repos))')
  return (context, next) => {
    const handle = options.errorStatus ? () => next().then(() => setStatus(context)) : next
    const { incoming, outgoing } = (context.env ?? {}) as NodeBindings
    if (incoming && outgoing) return handleInScope(repos, { request: incoming, response: outgoing }, handle)
    return context.req.header('upgrade')?.toLowerCase() === 'websocket' ? handle() : repos.$request(handle)
  }
}

/** By now Hono has had the error answered, so that the answer is changed. */
async function setStatus(context: Context): Promise<void> {
  const status = statusOf(context.error)
  if (status === undefined || context.res.status !== 500) return
  const body = await context.res.text()
  const text = body === 'Internal Server Error' ? STATUS_CODES[status]! : body
  context.res = new Response(text, { status, headers: context.res.headers })
}
