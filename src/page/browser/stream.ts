import type { Update } from '../sample.ts'
import { byId, setText } from './element.ts'

/** Milliseconds until the next try, after the service has refused one. */
const PAUSE = 3_000

/**
 * Listens to the server as long as the page is seen: a browser has few connections for all pages of a server. Each connection begins
 * with everything.
 */
export function startStream(listener: (update: Update) => void): void {
  const connection = byId('connection', HTMLElement)
  let source: EventSource | undefined
  let retry: number | undefined

  function show(state: 'live' | 'away'): void {
    connection.dataset.state = state
    setText(connection, state === 'live' ? 'live' : 'the service is away')
  }

  function open(): void {
    const opened = new EventSource(new URL('./live.stream', import.meta.url))
    source = opened
    opened.onopen = () => show('live')
    opened.onmessage = ({ data }) => listener(JSON.parse(data))
    opened.onerror = () => {
      show('away')
      // Where a connection breaks, the browser tries again; after another status than 200 it does not.
      if (opened.readyState === EventSource.CLOSED) retry = setTimeout(follow, PAUSE)
    }
  }

  function follow(): void {
    clearTimeout(retry)
    source?.close()
    if (!document.hidden) open()
  }

  document.addEventListener('visibilitychange', follow)
  follow()
}
