import { Agent, type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'

/** What a request of the load comes to; every tenth or so is none that a client would want. */
export const outcomes = ['answered', 'parsed', 'failed', 'left waiting', 'left a stream'] as const

export type Outcome = (typeof outcomes)[number]

/** Of twenty requests in turn. */
const MIX: readonly Outcome[] = [
  ...Array<Outcome>(13).fill('answered'),
  ...Array<Outcome>(3).fill('parsed'),
  ...Array<Outcome>(2).fill('failed'),
  'left waiting',
  'left a stream',
]

/** What the server is asked to do with the body. */
export interface Order {
  readonly number: number
  readonly outcome: Outcome
}

export interface LoadOptions {
  readonly port: number
  /** How many requests to send from which on. */
  readonly from: number
  readonly count: number
  readonly concurrency: number
  /** Resolves when the server is at work on the request with that number. */
  reached(number: number): Promise<void>
}

/** Sends requests over connections that are kept where the request lets them, and counts how they ended. */
export async function sendRequests(options: LoadOptions): Promise<Record<Outcome, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.concurrency })
  const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  let next = options.from
  const end = options.from + options.count
  async function work(): Promise<void> {
    while (next < end) {
      const number = next++
      const outcome = MIX[number % MIX.length]!
      await sendOne(options, agent, { number, outcome })
      counts[outcome]++
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, work))
  agent.destroy()
  return counts
}

async function sendOne(options: LoadOptions, agent: Agent, order: Order): Promise<void> {
  const { port } = options
  const { outcome } = order
  if (outcome === 'left a stream') {
    const outgoing = request({ port, agent, path: '/stream' }).end()
    const incoming = await answerTo(outgoing)
    await new Promise((resolve) => incoming.once('data', resolve))
    await leave(outgoing)
    return
  }
  const headers = { 'content-type': 'application/json' }
  const outgoing = request({ port, agent, path: '/json', method: 'POST', headers })
  if (outcome === 'left waiting') {
    const reached = options.reached(order.number)
    outgoing.on('error', () => {}).end(JSON.stringify(order))
    await reached
    await leave(outgoing)
    return
  }
  const padding = outcome === 'parsed' ? 'x'.repeat(20_000) : ''
  outgoing.end(JSON.stringify({ ...order, padding }))
  const incoming = await answerTo(outgoing)
  await text(incoming)
  const expected = outcome === 'failed' ? 500 : 200
  if (incoming.statusCode !== expected) throw new Error(`${outcome}: got ${incoming.statusCode}`)
}

function answerTo(outgoing: ReturnType<typeof request>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => outgoing.once('response', resolve).once('error', reject))
}

async function leave(outgoing: ReturnType<typeof request>): Promise<void> {
  const closed = new Promise((resolve) => outgoing.once('close', resolve))
  outgoing.destroy()
  await closed
}
