import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'

/** A free port of the loopback interface. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Whether a server's last lines say that its port was taken. */
export function isPortConflict(lines: readonly string[]): boolean {
  return lines.some((line) => /address already in use|another .*server running on port/i.test(line))
}
