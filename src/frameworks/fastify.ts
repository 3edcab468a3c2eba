import type { FastifyPluginAsync } from 'fastify'
import { handleInScope } from './response-lifetime.ts'
import { checkScopeOpener, type ScopeOpener } from './scope-opener.ts'

interface RequestScopeOptions {
  /** From `createRepositories`. */
  readonly repos: ScopeOpener
}

/**
 * A plugin that opens a request scope for each request: `app.register(requestScope, { repos })`. Hooks that are added
 * after it, handlers and serializers read in the scope, which ends with the response: when it has been sent, when the
 * handler has failed, and when the client has gone. An upgrade to a WebSocket gets no scope.
 *
 * It holds for the instance that it is registered in and for those below.
 *
 * @throws ConfigurationError, from `app.ready()` and `app.listen()`, where `repos` is not from `createRepositories`.
 */
export const requestScope: FastifyPluginAsync<RequestScopeOptions> = async (app, { repos }) => {
  checkScopeOpener(repos, 'app.register(requestScope, { repos })')
  app.addHook('onRequest', (request, reply, next) => {
    handleInScope(repos, { request: request.raw, response: reply.raw }, next)
  })
}

// What fastify-plugin would set: the hook is the registering instance's own.
Object.assign(requestScope, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'kysely-lookup',
  [Symbol.for('plugin-meta')]: { name: 'kysely-lookup', fastify: '5.x' },
})
