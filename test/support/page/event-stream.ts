import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { Update } from '../../../src/page/sample.ts'

/** A page as the server sees it: an open stream of updates. */
export interface EventStream {
  readonly response: IncomingMessage
  /** The updates until one for which `test` holds, that one included. */
  until(test: (update: Update) => boolean): Promise<Update[]>
  /** Resolves when the server has ended it. */
  readonly ended: Promise<unknown>
  leave(): void
}

/** Opens the stream of the page at this URL, which ends with a slash. */
export async function openStream(pageUrl: string): Promise<EventStream> {
  const request = get(`${pageUrl}live.stream`, { agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  request.on('error', () => {})
  const updates: Update[] = []
  let arrived = Promise.withResolvers<void>()
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const events = text.split('\n\n')
    text = events.pop()!
    updates.push(...events.map((event) => JSON.parse(event.replace(/^data: /, ''))))
    arrived.resolve()
    arrived = Promise.withResolvers()
  })
  response.on('error', () => {})
  let read = 0
  return {
    response,
    ended: new Promise((resolve) => response.once('close', resolve)),
    async until(test) {
      const from = read
      for (;;) {
        while (read < updates.length) {
          if (test(updates[read++]!)) return updates.slice(from, read)
        }
        await arrived.promise
      }
    },
    leave: () => void request.destroy(),
  }
}
