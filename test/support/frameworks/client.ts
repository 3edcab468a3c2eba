import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'

/** For what a server does some time after its client has seen the end; only a failure takes that long. */
export const PATIENCE = { timeout: 120_000, interval: 5 }

export interface Answer {
  readonly status: number
  readonly text: string
}

/** A client on one connection, which it keeps. */
export interface Client extends Disposable {
  get(path: string): Promise<Answer>
  /** Sends JSON in two parts, so that the server cannot read it at once. */
  post(path: string, body: unknown): Promise<Answer>
  /** How many connections it has opened. */
  readonly connections: number
}

export function createClient(port: number): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = new Set<unknown>()
  async function send(path: string, body?: string): Promise<Answer> {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const outgoing = request({ port, path, agent, headers, method: body === undefined ? 'GET' : 'POST' })
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve).once('error', reject)
    })
    outgoing.once('socket', (socket) => sockets.add(socket))
    if (body === undefined) outgoing.end()
    else {
      const half = Math.floor(body.length / 2)
      // The server has the first part before the second one leaves.
      outgoing.write(body.slice(0, half), () => setImmediate(() => outgoing.end(body.slice(half))))
    }
    const incoming = await answered
    incoming.setEncoding('utf8')
    let text = ''
    for await (const part of incoming) text += part
    return { status: incoming.statusCode!, text }
  }
  return {
    get: (path) => send(path),
    post: (path, body) => send(path, JSON.stringify(body)),
    get connections() {
      return sockets.size
    },
    [Symbol.dispose]: () => agent.destroy(),
  }
}

/** Sends GET requests one after the other on one connection without waiting for answers. */
export function sendPipelined(port: number, paths: readonly string[]): { abort(): void } {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: test\r\n\r\n`).join(''))
  return { abort: () => socket.destroy() }
}
