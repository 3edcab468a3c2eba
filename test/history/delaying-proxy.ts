import { connect, createServer, type Socket } from 'node:net'
import type { Random } from '../support/random.ts'

export interface DelayingProxy extends AsyncDisposable {
  /** The server's URL, by way of the proxy. */
  readonly url: string
}

export interface DelayingOptions {
  readonly random: Random
  /** Milliseconds for which bytes are kept back at most. */
  readonly longestDelay: number
}

/** How often what passes is kept back. */
const DELAYED = 0.1

/** A way to the server on which bytes are late at random, in both directions, and never out of order. */
export async function startDelayingProxy(target: string, options: DelayingOptions): Promise<DelayingProxy> {
  const url = new URL(target)
  const port = Number(url.port || 3306)
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect({ host: url.hostname, port, noDelay: true })
    near.setNoDelay(true)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      // Whatever is still on its way is lost with the connection.
      socket.on('close', () => {
        near.destroy()
        far.destroy()
        sockets.delete(socket)
      })
    }
    pass(near, far, options)
    pass(far, near, options)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address() as { port: number }
  url.hostname = '127.0.0.1'
  url.port = String(address.port)
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function pass(from: Socket, to: Socket, { random, longestDelay }: DelayingOptions): void {
  const waiting: Buffer[] = []
  let held = false
  from.on('data', (bytes: Buffer) => {
    if (held) {
      waiting.push(bytes)
      return
    }
    if (!random.is(DELAYED)) {
      to.write(bytes)
      return
    }
    held = true
    waiting.push(bytes)
    setTimeout(() => {
      held = false
      to.write(Buffer.concat(waiting.splice(0)))
    }, random.below(longestDelay))
  })
}
