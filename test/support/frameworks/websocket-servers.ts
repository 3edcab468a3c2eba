import { type EventEmitter, on, once } from 'node:events'
import { createServer, type Server } from 'node:http'
import websocket from '@fastify/websocket'
import { serve, upgradeWebSocket } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
// @ts-expect-error ws comes without types, and only its server is needed
import { WebSocketServer } from 'ws'
import { requestScope as forExpress } from '../../../src/frameworks/express.ts'
import { requestScope as forFastify } from '../../../src/frameworks/fastify.ts'
import { requestScope as forHono } from '../../../src/frameworks/hono.ts'
import type { ScopeOpener } from '../../../src/frameworks/scope-opener.ts'
import { type FrameworkServer, running } from './servers.ts'

/** Answers each message of a socket; called in what its framework calls the socket's handler in. */
export type AnswerMessage = (message: string) => Promise<string>

/** Of the package ws, which all of them use. */
type Socket = EventEmitter & { send(text: string): void }

type Start = (repos: ScopeOpener, answer: AnswerMessage) => Promise<FrameworkServer>

/** By framework a server that opens scopes for requests and takes WebSockets at `/socket`. */
export const websocketServers: Readonly<Record<string, Start>> = {
  async Fastify(repos, answer) {
    const app = fastify()
    app.register(forFastify, { repos })
    await app.register(websocket)
    app.get('/socket', { websocket: true }, (socket: Socket) => void converse(socket, answer))
    await app.listen({ host: '127.0.0.1', port: 0 })
    return running(app.server, () => app.close())
  },

  async 'Express with ws'(repos, answer) {
    const app = express()
    app.use(forExpress(repos))
    const server = createServer(app)
    const sockets = new WebSocketServer({ server, path: '/socket' })
    sockets.on('connection', (socket: Socket) => void converse(socket, answer))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return running(server)
  },

  async Hono(repos, answer) {
    const app = new Hono()
    app.use(forHono(repos))
    app.get(
      '/socket',
      upgradeWebSocket(() => ({
        onOpen: (_event, { raw }) => void converse(raw as unknown as Socket, answer),
      })),
    )
    const sockets = new WebSocketServer({ noServer: true })
    const server = serve({
      fetch: app.fetch,
      hostname: '127.0.0.1',
      port: 0,
      websocket: { server: sockets },
    }) as Server
    await once(server, 'listening')
    return running(server)
  },
}

/** One asynchronous function for the socket's life, so that it stays in the context that it was begun in. */
async function converse(socket: Socket, answer: AnswerMessage): Promise<void> {
  for await (const [message] of on(socket, 'message', { close: ['close'] })) {
    socket.send(await answer(String(message)))
  }
}
