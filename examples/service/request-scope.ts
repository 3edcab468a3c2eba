import { finished } from 'node:stream/promises'
import type { onRequestHookHandler } from 'fastify'
import { repos } from './db.ts'

/** Opens a scope for what the request looks up; it ends with the response, also when the client has gone away. */
export const requestScope: onRequestHookHandler = (_request, reply, done) => {
  repos.$request(async () => {
    done()
    await finished(reply.raw).catch(() => {})
  })
}
