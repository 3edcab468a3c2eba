import { connect, createServer, type Socket } from 'node:net'
import { closedAfterFile } from '../closing.ts'

/** An address of a server, which keeps back what the server answers while it is closed. */
export interface Gate extends AsyncDisposable {
  readonly url: string
  /** From now on, answers are kept back. Resolves when there is one: its statement has run. */
  close(): Promise<void>
  /** Lets answers through. */
  open(): void
}

export async function startGate(target: string): Promise<Gate> {
  const url = new URL(target)
  const port = Number(url.port || 3306)
  const sockets = new Set<Socket>()
  const kept: (() => void)[] = []
  let isClosed = false
  let came = Promise.withResolvers<void>()
  const listener = createServer((near) => {
    const far = connect({ host: url.hostname, port, noDelay: true })
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
    near.pipe(far)
    far.on('data', (bytes: Buffer) => {
      if (!isClosed) {
        near.write(bytes)
        return
      }
      kept.push(() => near.write(bytes))
      came.resolve()
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const { port: own } = listener.address() as { port: number }
  const address = new URL(target)
  address.hostname = '127.0.0.1'
  address.port = String(own)
  return closedAfterFile({
    url: address.href,
    close() {
      isClosed = true
      came = Promise.withResolvers<void>()
      return came.promise
    },
    open() {
      isClosed = false
      for (const write of kept.splice(0)) write()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => listener.close(resolve))
    },
  })
}
