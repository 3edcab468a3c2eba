import { once } from 'node:events'
import { type AddressInfo, Server } from 'node:net'

const servers: Server[] = []
const listen = Server.prototype.listen

/** Examples name a port, which may be taken: whatever a server asks for, it gets one that is free. */
Server.prototype.listen = function (this: Server, ...given: unknown[]) {
  servers.push(this)
  const ready = given.filter((one) => typeof one === 'function')
  return Reflect.apply(listen, this, [{ port: 0, host: '127.0.0.1' }, ...ready])
}

/** The address of the server that an example has started last. */
export async function addressOfServer(): Promise<string> {
  const server = servers.at(-1)
  if (!server) throw new Error('no server was started')
  if (!server.listening) await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
