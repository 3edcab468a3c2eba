import type { Socket } from 'node:net'
import { endOf, startRelay, through } from '../support/outage/relay.ts'
import type { Random } from '../support/random.ts'

export interface DelayingProxy extends AsyncDisposable {
  /** The server's URL, by way of the proxy. */
  readonly url: string
}

export interface DelayingOptions {
  readonly random: Random
  /** Milliseconds for which bytes are kept back at most. */
  readonly longestDelay: number
}

/** How often what passes is kept back. */
const DELAYED = 0.1

/** A way to the server on which bytes are late at random, in both directions, and never out of order. */
export async function startDelayingProxy(target: string, options: DelayingOptions): Promise<DelayingProxy> {
  const relay = await startRelay({
    to: () => endOf(target),
    pass(near, far) {
      pass(near, far, options)
      pass(far, near, options)
    },
  })
  return {
    url: through(relay, target),
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  }
}

function pass(from: Socket, to: Socket, { random, longestDelay }: DelayingOptions): void {
  const waiting: Buffer[] = []
  let held = false
  from.on('data', (bytes: Buffer) => {
    if (held) {
      waiting.push(bytes)
      return
    }
    if (!random.is(DELAYED)) {
      to.write(bytes)
      return
    }
    held = true
    waiting.push(bytes)
    setTimeout(() => {
      held = false
      to.write(Buffer.concat(waiting.splice(0)))
    }, random.below(longestDelay))
  })
}
