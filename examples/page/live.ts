import type { ServerResponse } from 'node:http'
import type { LiveEvents } from './live-events.ts'

/** Sends every open page what happens, as server-sent events. */
export interface Live {
  open(response: ServerResponse, welcome: LiveEvents['welcome']): void
  send<Name extends keyof LiveEvents>(name: Name, data: LiveEvents[Name]): void
  close(): void
}

export function createLive(): Live {
  const open = new Set<ServerResponse>()
  return {
    open(response, welcome) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      response.write(eventText('welcome', welcome))
      open.add(response)
      response.once('close', () => open.delete(response))
    },
    send(name, data) {
      const text = eventText(name, data)
      for (const response of open) {
        // A page that does not read (a sleeping laptop) must not fill our memory. It reconnects.
        if (response.writableNeedDrain) response.destroy()
        else response.write(text)
      }
    },
    close() {
      for (const response of open) response.end()
    },
  }
}

function eventText(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
