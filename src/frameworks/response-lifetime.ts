import type { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { ScopeOpener } from './scope-opener.ts'

/** A request to a Node server and its response: of HTTP/1, of HTTP/2, or a framework's own for tests. */
export interface Exchange {
  readonly request: { readonly headers: IncomingHttpHeaders; readonly socket?: Socket | undefined }
  readonly response: EventEmitter & {
    readonly destroyed?: boolean
    /** Of HTTP/1 null as long as the connection still answers an earlier request. */
    readonly socket?: object | null
    /** Of HTTP/2 alone. */
    readonly stream?: { readonly destroyed: boolean }
  }
}

type Socket = EventEmitter & { readonly destroyed?: boolean }

/** Runs `handle` in a scope that ends with the response: sent, failed, or left by its client. */
export function handleInScope<Result>(repos: ScopeOpener, exchange: Exchange, handle: () => Result): Result {
  // A socket that stays open is no request: what it had looked up would never be asked again.
  if (exchange.request.headers.upgrade?.toLowerCase() === 'websocket') return handle()
  let result: Result
  repos.$request(() => {
    result = handle()
    return responseEnd(exchange)
  })
  return result!
}

/** Fulfilled as soon as nothing more is sent, also where that was so before. */
function responseEnd({ request, response }: Exchange): Promise<void> {
  return new Promise((resolve) => {
    const { socket } = request
    if (response.destroyed || response.stream?.destroyed || socket?.destroyed) {
      resolve()
      return
    }
    response.once('close', resolve)
    if (response.socket !== null || !socket) return
    // Node 22 tells a response nothing of its client's leaving while it waits for an earlier one of the connection.
    socket.once('close', resolve)
    response.once('close', () => socket.off('close', resolve))
  })
}
