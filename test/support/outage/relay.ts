import { connect, createServer, type Socket } from 'node:net'

/** An address through which connections reach a server. */
export interface Relay extends AsyncDisposable {
  readonly port: number
  /** Cuts every connection. */
  cut(): void
}

export interface RelayOptions {
  /** Where a new connection leads. */
  to(): { readonly host: string; readonly port: number }
  /** Passes on what comes, in both directions. What is still on its way when either side closes is lost. */
  pass(near: Socket, far: Socket): void
}

export async function startRelay({ to, pass }: RelayOptions): Promise<Relay> {
  const sockets = new Set<Socket>()
  const listener = createServer((near) => {
    const far = connect({ ...to(), noDelay: true })
    near.setNoDelay(true)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        near.destroy()
        far.destroy()
        sockets.delete(socket)
      })
    }
    pass(near, far)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: (listener.address() as { port: number }).port,
    cut,
    async [Symbol.asyncDispose]() {
      cut()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}

/** Where the server of a URL listens. */
export function endOf(url: string): ReturnType<RelayOptions['to']> {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port || 3306) }
}

/** The URL of the same server, by way of the relay. */
export function through({ port }: Relay, url: string): string {
  const own = new URL(url)
  own.hostname = '127.0.0.1'
  own.port = String(port)
  return own.href
}
