import type { FastifyPluginAsync } from 'fastify'
import { setErrorStatus } from './error-status.ts'
import { handleInScope } from './response-lifetime.ts'
import { checkScopeOpener, type ScopeOpener } from './scope-opener.ts'

export type { ScopeOpener }

/**
 * The options of the plugin.
 *
 * @example
 * ```ts
 * const options: RequestScopeOptions = { repos }
 * ```
 */
export interface RequestScopeOptions {
  /**
   * The repositories, from `createRepositories`.
   *
   * @example
   * ```ts
   * import fastify from 'fastify'
   *
   * fastify().register(requestScope, { repos })
   * ```
   */
  readonly repos: ScopeOpener
  /**
   * Whether a request that fails with an `InvalidKeyError` is answered with 400, and one that fails with a `RowNotFoundError` with
   * 404 (default `false`: with 500, as for any error). Error handlers see it as `error.statusCode`.
   *
   * @example
   * ```ts
   * import fastify from 'fastify'
   *
   * fastify().register(requestScope, { repos, errorStatus: true })
   * ```
   */
  readonly errorStatus?: boolean
}

/**
 * A plugin that opens a request scope for each request. Hooks added after it, handlers and serializers read in the scope. The
 * scope ends with the response: when it has been sent, when the handler has failed, or when the client has disconnected. An
 * upgrade to a WebSocket gets no scope.
 *
 * The plugin applies to the instance that registers it and its children.
 *
 * @example
 * ```ts
 * import fastify from 'fastify'
 *
 * const app = fastify()
 * app.register(requestScope, { repos })
 * ```
 * @throws ConfigurationError, from `app.ready()` and `app.listen()`, if `repos` is not from `createRepositories`.
 */
export const requestScope: FastifyPluginAsync<RequestScopeOptions> = async (app, { repos, errorStatus }) => {
  checkScopeOpener(repos, 'app.register(requestScope, { repos })')
  app.addHook('onRequest', (request, reply, next) => {
    handleInScope(repos, { request: request.raw, response: reply.raw }, next)
  })
  // Called before every error handler, that of Fastify included.
  if (errorStatus) app.addHook('onError', async (_request, _reply, error) => setErrorStatus(error))
}

// What fastify-plugin would set: the hook then belongs to the registering instance.
Object.assign(requestScope, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'kysely-lookup',
  [Symbol.for('plugin-meta')]: { name: 'kysely-lookup', fastify: '5.x' },
})
