import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type HttpBindings, serve } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import type { LookupPage } from '../../../src/page/index.ts'
import { type FrameworkServer, running } from '../frameworks/servers.ts'

export interface MountedServer extends FrameworkServer {
  /** Closes as a service does that lets its requests end. */
  closeGracefully(): Promise<unknown>
}

/** By framework, a server that has the page below `/admin/lookups/`, as its users mount it. */
export const mounts: Readonly<Record<string, (page: LookupPage) => Promise<MountedServer>>> = {
  async Fastify(page) {
    const app = fastify()
    app.all('/admin/lookups/*', (request, reply) => {
      reply.hijack()
      page(request.raw, reply.raw)
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const close = () => app.close()
    return Object.assign(running(app.server, close), { closeGracefully: close })
  },

  async Express(page) {
    const app = express()
    app.use('/admin/lookups', page)
    return await listening(app.listen(0, '127.0.0.1'))
  },

  async Hono(page) {
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.all('/admin/lookups/*', ({ env }) => {
      page(env.incoming, env.outgoing)
      return RESPONSE_ALREADY_SENT
    })
    return await listening(serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server)
  },

  'plain node:http': (page) => serveHandler(page),
}

/** A plain server with this handler. */
export async function serveHandler(handler: RequestListener): Promise<MountedServer> {
  return await listening(createServer(handler).listen(0, '127.0.0.1'))
}

async function listening(server: Server): Promise<MountedServer> {
  if (!server.listening) await once(server, 'listening')
  const closeGracefully = () => new Promise((resolve) => server.close(resolve))
  return Object.assign(running(server), { closeGracefully })
}
