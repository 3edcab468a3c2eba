import { setImmediate } from 'node:timers/promises'

export interface CircuitOptions {
  /** It has opened, or closed again. */
  changed(state: { readonly isOpen: boolean; readonly error?: unknown }): void
}

/** Keeps calls from a server that is away or slow. */
export interface Circuit {
  /** Undefined where the circuit is open: nothing was called. */
  run<Result>(call: () => Promise<Result>, timeout: number): Promise<Result | undefined>
}

/** Milliseconds for which nothing is called, after the first failure and at most. */
const PAUSE = { first: 100, longest: 5_000 }

/** A call that fails, or takes too long, opens the circuit. After a pause, one call tries whether it works again. */
export function createCircuit({ changed }: CircuitOptions): Circuit {
  let failures = 0
  let openUntil = 0
  let trying = false

  return {
    async run(call, timeout) {
      if (failures > 0) {
        if (trying || performance.now() < openUntil) return undefined
        trying = true
      }
      try {
        const result = await withinLimit(call(), timeout)
        if (failures > 0) changed({ isOpen: false })
        failures = 0
        return result
      } catch (error) {
        if (failures === 0) changed({ isOpen: true, error })
        const pause = Math.min(PAUSE.longest, PAUSE.first * 2 ** Math.min(failures++, 10))
        openUntil = performance.now() + pause * (0.5 + Math.random() / 2)
        throw error
      } finally {
        trying = false
      }
    },
  }
}

async function withinLimit<Result>(called: Promise<Result>, timeout: number): Promise<Result> {
  const { promise: expiry, reject } = Promise.withResolvers<never>()
  let settled = false
  const expire = async () => {
    // A busy process may have the answer already, and not have come to read it.
    await setImmediate()
    await setImmediate()
    if (!settled) reject(new Error(`Redis did not answer within ${timeout} ms.`))
  }
  const timer = setTimeout(() => void expire(), timeout)
  try {
    return await Promise.race([called, expiry])
  } finally {
    settled = true
    clearTimeout(timer)
  }
}
