import { request } from 'node:http'
import { text } from 'node:stream/consumers'

export interface RawAnswer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

/** Sends a request with these very headers, as `fetch` would not. */
export function sendRaw(options: {
  readonly url: string
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}): Promise<RawAnswer> {
  const { url, path, method = 'GET', headers = {}, body } = options
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>()
  const { hostname, port } = new URL(url)
  request({ hostname, port, path, method, headers, agent: false }, (response) => {
    const { statusCode: status } = response
    text(response).then((content) => resolve({ status, headers: response.headers, body: content }), reject)
  })
    .once('error', reject)
    .end(body)
  return promise
}
