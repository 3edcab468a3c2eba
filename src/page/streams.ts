import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { KEPT_MOMENTS, type Sampler } from './sampler.ts'

/** Milliseconds between two samples. */
const INTERVAL = 500
/** Milliseconds for which samples are taken after the last page was closed, so that a reload finds them. */
const AFTERGLOW = KEPT_MOMENTS * INTERVAL
/** Milliseconds after which a page has to ask again whether it may see more. */
const LIFETIME = 600_000
/** Milliseconds after which a page that reads nothing is given up. */
const PATIENCE = 30_000
const MAX_STREAMS = 100

/** The pages that are open. */
export interface Streams {
  /** Whether there is room for one more. */
  readonly isFull: boolean
  /** Sends everything, and then what is new, until the client leaves or the server closes. */
  open(request: IncomingMessage, response: ServerResponse): void
  close(): void
}

interface Stream {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly openedAt: number
  /** The samples that were sent. */
  sent: number
  /** Since when nothing can be sent. */
  stuckAt: number | undefined
}

export function createStreams(options: { readonly sampler: Sampler; readonly process: string }): Streams {
  const { sampler, process } = options
  const open = new Set<Stream>()
  let timer: NodeJS.Timeout | undefined
  let leftAt = 0

  function tick(): void {
    const now = performance.now()
    if (open.size === 0 && now - leftAt > AFTERGLOW) {
      clearInterval(timer)
      timer = undefined
      return
    }
    sampler.take()
    for (const stream of open) serve(stream, now)
  }

  function serve(stream: Stream, now: number): void {
    const { request, response, openedAt } = stream
    // A stream that stays open would keep the server from closing.
    if (isClosing(request) || now - openedAt > LIFETIME) response.end()
    else if (stream.stuckAt === undefined) send(stream)
    else if (now - stream.stuckAt > PATIENCE) response.destroy()
  }

  /** One update for all that was missed: what waits for a slow client does not grow. */
  function send(stream: Stream): void {
    const { response, sent } = stream
    if (response.destroyed) return
    const update = { ...(sent === 0 && { process }), ...sampler.updateSince(sent) }
    stream.sent = sampler.taken
    if (!response.write(`data: ${JSON.stringify(update)}\n\n`)) stream.stuckAt = performance.now()
  }

  return {
    get isFull() {
      return open.size >= MAX_STREAMS
    },
    open(request, response) {
      if (timer === undefined) {
        sampler.take()
        timer = setInterval(tick, INTERVAL).unref()
      }
      response.writeHead(200, {
        'content-type': 'text/event-stream',
        // Proxies and compressing middleware would hold events back.
        'cache-control': 'no-store, no-transform',
        'x-accel-buffering': 'no',
        ...(request.httpVersionMajor === 1 && { connection: 'close' }),
      })
      const stream: Stream = { request, response, openedAt: performance.now(), sent: 0, stuckAt: undefined }
      open.add(stream)
      response.on('drain', () => {
        stream.stuckAt = undefined
      })
      response.on('error', () => response.destroy())
      response.once('close', () => {
        open.delete(stream)
        leftAt = performance.now()
      })
      send(stream)
    },
    close() {
      clearInterval(timer)
      timer = undefined
      for (const { response } of open) response.end()
    },
  }
}

/** Whether the server of the request takes no more connections: `server.close()` waits for those that are open. */
function isClosing({ socket }: IncomingMessage): boolean {
  const { server } = socket as { readonly server?: Server }
  return server?.listening === false
}
