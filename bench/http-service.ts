import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'

export interface HttpServiceOptions {
  /** Answers the request with this number. */
  handle(index: number): Promise<number>
  readonly requests: number
  readonly concurrency: number
}

export interface HttpService {
  /** Has all requests sent by the clients' process; the seconds that it took. */
  send(): Promise<number>
  stop(): Promise<void>
}

const clients = fileURLToPath(new URL('http-clients.ts', import.meta.url))

/** A service on HTTP in this process, and its clients in another. */
export async function startHttpService(options: HttpServiceOptions): Promise<HttpService> {
  const { handle, requests, concurrency } = options
  const server = createServer(async (request, response) => {
    try {
      const found = await handle(Number(request.url!.slice(1)))
      response.writeHead(200, { 'content-type': 'application/json' }).end(`{"found":${found}}`)
    } catch (error) {
      response.writeHead(500).end(String(error))
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const child = fork(clients, [JSON.stringify({ port, requests, concurrency })])
  return {
    async send() {
      child.send('send')
      const [reply] = (await once(child, 'message')) as [{ seconds?: number; error?: string }]
      if (reply.seconds === undefined) throw new Error(reply.error)
      return reply.seconds
    },
    async stop() {
      child.disconnect()
      server.closeAllConnections()
      server.close()
    },
  }
}
