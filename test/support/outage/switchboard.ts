import { connect, createServer, type Socket } from 'node:net'
import { closedAfterFile } from '../closing.ts'
import type { RestartableServer } from './restartable-server.ts'

/** An address that leads to one server, and after a failover to another one. */
export interface Switchboard extends AsyncDisposable {
  /** The first server, by way of this address. */
  readonly server: RestartableServer
  /** Cuts every connection; new ones lead to this server. */
  lead(to: RestartableServer): void
}

export async function startSwitchboard(first: RestartableServer): Promise<Switchboard> {
  const portOf = ({ url }: RestartableServer) => Number(new URL(url).port)
  const sockets = new Set<Socket>()
  let port = portOf(first)
  const listener = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port, noDelay: true })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        near.destroy()
        far.destroy()
        sockets.delete(socket)
      })
    }
    near.pipe(far)
    far.pipe(near)
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const url = new URL(first.url)
  url.port = String((listener.address() as { port: number }).port)
  return closedAfterFile({
    server: { ...first, url: url.href },
    lead(to) {
      port = portOf(to)
      for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  })
}
