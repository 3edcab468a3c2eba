import type { LiveEvents } from '../live-events.ts'

type Listeners = { readonly [Name in keyof LiveEvents]: (data: LiveEvents[Name]) => void }

/** Listens to the server. The browser reconnects by itself, and then receives everything again. */
export function startStream(listeners: Listeners): void {
  const source = new EventSource('/live')
  for (const name of Object.keys(listeners) as (keyof LiveEvents)[]) {
    const listener = listeners[name] as (data: unknown) => void
    source.addEventListener(name, (event) => listener(JSON.parse(event.data)))
  }
}

/** Sends a command to the server. @throws Error with the server's reason. */
export async function post(path: string, body?: object): Promise<void> {
  const response = await fetch(path, {
    method: 'POST',
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  })
  if (response.ok) return
  const { message } = (await response.json().catch(() => ({}))) as { message?: string }
  throw new Error(message ?? `the service answered ${response.status}`)
}
