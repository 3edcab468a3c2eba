import type { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders } from 'node:http'
import type { ScopeOpener } from './scope-opener.ts'

/** A request to a Node server with its response: HTTP/1, HTTP/2, or a framework's own for tests. */
export interface ResponseLifetime {
  readonly request: { readonly headers: IncomingHttpHeaders; readonly socket?: Socket | undefined }
  readonly response: EventEmitter & {
    readonly destroyed?: boolean
    /** In HTTP/1, null while the connection still serves an earlier request. */
    readonly socket?: object | null
    /** HTTP/2 only. */
    readonly stream?: { readonly destroyed: boolean }
  }
}

type Socket = EventEmitter & { readonly destroyed?: boolean }

/** Runs `handle` in a scope that ends with the response: sent, failed, or abandoned by its client. */
export function handleInScope<Result>(
  repos: ScopeOpener,
  lifetime: ResponseLifetime,
  handle: () => Result,
): Result {
  // A socket that stays open is not a request: it would never look up a key again.
  if (lifetime.request.headers.upgrade?.toLowerCase() === 'websocket') return handle()
  let result: Result
  repos.$request(() => {
    result = handle()
    return responseEnd(lifetime)
  })
  return result!
}

/** Resolves as soon as nothing more is sent, which may already be the case. */
function responseEnd({ request, response }: ResponseLifetime): Promise<void> {
  return new Promise((resolve) => {
    const { socket } = request
    if (response.destroyed || response.stream?.destroyed || socket?.destroyed) {
      resolve()
      return
    }
    response.once('close', resolve)
    if (response.socket !== null || !socket) return
    // In Node 22 a response that waits for an earlier one on its connection does not learn that the client has disconnected.
    socket.once('close', resolve)
    response.once('close', () => socket.off('close', resolve))
  })
}
