import { type EventEmitter, once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { type HttpBindings, serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { stream } from 'hono/streaming'
import { requestScope as forExpress } from '../../../src/frameworks/express.ts'
import { requestScope as forFastify } from '../../../src/frameworks/fastify.ts'
import { requestScope as forHono } from '../../../src/frameworks/hono.ts'
import type { ScopeOpener } from '../../../src/frameworks/scope-opener.ts'
import { closedAfterFile } from '../closing.ts'

/** What a server answers; each framework passes on the same. */
export interface Routes {
  /** Runs before the scope is opened, as a middleware of the user's own. */
  before?(response: EventEmitter): Promise<unknown>
  /** `GET /json` and `POST /json`, with the body that its framework has parsed. A failure is answered with 500. */
  json?(body: unknown): Promise<object>
  /** `GET /stream`. */
  stream?(): AsyncGenerator<Uint8Array>
}

export interface FrameworkServer extends AsyncDisposable {
  readonly port: number
  readonly url: string
}

type Start = (repos: ScopeOpener, routes: Routes) => Promise<FrameworkServer>

/** By framework a server as its users write it. */
export const frameworks: Readonly<Record<string, Start>> = {
  async Fastify(repos, routes) {
    const app = fastify({ forceCloseConnections: true, bodyLimit: 10_000_000 })
    app.addHook('onRequest', async (_request, reply) => void (await routes.before?.(reply.raw)))
    app.register(forFastify, { repos })
    app.get('/json', () => routes.json!(undefined))
    app.post('/json', ({ body }) => routes.json!(body))
    app.get('/stream', (_request, reply) =>
      reply.send(Readable.from(routes.stream!(), { objectMode: false })),
    )
    await app.listen({ host: '127.0.0.1', port: 0 })
    return running(app.server, () => app.close())
  },

  async Express(repos, routes) {
    const app = express()
    app.set('env', 'test') // Express prints no errors then
    app.use(async (_request, response, next) => {
      await routes.before?.(response)
      next()
    })
    app.use(forExpress(repos))
    app.use(express.json({ limit: '10mb' }))
    app.get('/json', async (_request, response) => response.json(await routes.json!(undefined)))
    app.post('/json', async ({ body }, response) => response.json(await routes.json!(body)))
    app.get('/stream', (_request, response) => {
      Readable.from(routes.stream!(), { objectMode: false }).pipe(response)
    })
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return running(server)
  },

  async 'plain node:http'(repos, routes) {
    const middleware = forExpress(repos)
    const server = createServer(async (request, response) => {
      await routes.before?.(response)
      middleware(request, response, () => {
        if (request.url === '/stream') {
          Readable.from(routes.stream!(), { objectMode: false }).pipe(response)
          return
        }
        const body = request.method === 'POST' ? json(request) : Promise.resolve(undefined)
        const answer = body.then((parsed) => routes.json!(parsed))
        void answerWith(response, answer)
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return running(server)
  },

  async Hono(repos, routes) {
    const app = new Hono<{ Bindings: HttpBindings }>()
    app.use(async ({ env }, next) => {
      await routes.before?.(env.outgoing)
      await next()
    })
    app.use(forHono(repos))
    app.onError((_error, context) => context.text('failed', 500)) // Hono prints errors otherwise
    app.get('/json', async (context) => context.json(await routes.json!(undefined)))
    app.post('/json', async (context) => context.json(await routes.json!(await context.req.json())))
    app.get('/stream', (context) =>
      stream(context, async (output) => {
        for await (const chunk of routes.stream!()) {
          if (output.aborted) break
          await output.write(chunk)
        }
      }),
    )
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
    await once(server, 'listening')
    return running(server)
  },
}

async function answerWith(response: ServerResponse, answer: Promise<object>): Promise<void> {
  try {
    response.end(JSON.stringify(await answer))
  } catch {
    response.writeHead(500).end()
  }
}

/** A listening server, closed with its connections. */
export function running(server: Server, close?: () => Promise<unknown>): FrameworkServer {
  const { port } = server.address() as AddressInfo
  return closedAfterFile({
    port,
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      if (close) {
        await close()
        return
      }
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  })
}
