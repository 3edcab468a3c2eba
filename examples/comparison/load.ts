import { createHash } from 'node:crypto'
import { Agent, get } from 'node:http'
import { buffer } from 'node:stream/consumers'

export interface Load {
  readonly serviceUrl: string
  readonly requests: number
  readonly concurrency: number
}

export interface LoadResult {
  readonly seconds: number
  /** Of all responses in order, to compare the two ways of looking up. */
  readonly answers: string
}

/** Sends real HTTP requests over a number of keep-alive connections at a time, each for another page of shipments. */
export async function sendLoad({ serviceUrl, requests, concurrency }: Load): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
  const bodies: Buffer[] = []
  const start = performance.now()
  let next = 0
  const sendInTurn = async () => {
    while (next < requests) {
      const index = next++
      bodies[index] = await fetchBody(`${serviceUrl}/shipments?page=${index + 1}`, agent)
    }
  }
  try {
    await Promise.all(Array.from({ length: concurrency }, sendInTurn))
  } finally {
    agent.destroy()
  }
  const seconds = (performance.now() - start) / 1_000
  const hash = createHash('sha256')
  for (const body of bodies) hash.update(body)
  return { seconds, answers: hash.digest('hex') }
}

async function fetchBody(url: string, agent: Agent): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  get(url, { agent }, (response) => {
    const body = buffer(response)
    if (response.statusCode === 200) body.then(resolve, reject)
    else body.then((text) => reject(new Error(`${url} answered ${response.statusCode}: ${text}`)), reject)
  }).once('error', reject)
  return promise
}
