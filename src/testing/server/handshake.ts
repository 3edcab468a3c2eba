import { connect } from 'node:net'
import { parseServerVersion, type ServerSystem } from '../../database/server-version.ts'

/** What a server says first on a new connection. */
export interface Handshake {
  readonly system: ServerSystem
  readonly version: string
}

/** Connects to a server's port on this machine and reads its greeting, which it sends once it takes connections. */
export function readHandshake(port: number): Promise<Handshake> {
  const { promise, resolve, reject } = Promise.withResolvers<Handshake>()
  const socket = connect({ port, host: '127.0.0.1', timeout: 10_000 })
  let bytes = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    // a header of 4 bytes, the protocol's number, the version up to a zero byte
    const end = bytes.indexOf(0, 5)
    if (end < 0) return
    const text = bytes.toString('latin1', 5, end)
    const { system, version } = parseServerVersion(text)
    if (bytes[4] === 10 && version !== '') resolve({ system, version })
    else reject(new Error(`expected the greeting of a MySQL or MariaDB server on port ${port}, got: ${text}`))
    socket.destroy()
  })
  socket.once('timeout', () => socket.destroy(new Error(`no greeting on port ${port} after 10 s`)))
  socket.once('error', reject)
  socket.once('close', () => reject(new Error(`port ${port} was closed before the server's greeting`)))
  return promise
}
