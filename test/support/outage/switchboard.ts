import { closedAfterFile } from '../closing.ts'
import { endOf, startRelay, through } from './relay.ts'
import type { RestartableServer } from './restartable-server.ts'

/** An address that leads to one server, and after a failover to another one. */
export interface Switchboard extends AsyncDisposable {
  /** The first server, by way of this address. */
  readonly server: RestartableServer
  /** Cuts every connection; new ones lead to this server. */
  lead(to: RestartableServer): void
}

export async function startSwitchboard(first: RestartableServer): Promise<Switchboard> {
  let { url } = first
  const relay = await startRelay({
    to: () => endOf(url),
    pass(near, far) {
      near.pipe(far)
      far.pipe(near)
    },
  })
  return closedAfterFile({
    server: { ...first, url: through(relay, first.url) },
    lead(to) {
      url = to.url
      relay.cut()
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  })
}
