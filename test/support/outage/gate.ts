import { closedAfterFile } from '../closing.ts'
import { endOf, startRelay, through } from './relay.ts'

/** An address of a server, which keeps back what the server answers while it is closed. */
export interface Gate extends AsyncDisposable {
  readonly url: string
  /** From now on, answers are kept back. Resolves when there is one: its statement has run. */
  close(): Promise<void>
  /** Lets answers through. */
  open(): void
}

export async function startGate(target: string): Promise<Gate> {
  const kept: (() => void)[] = []
  let isClosed = false
  let came = Promise.withResolvers<void>()
  const relay = await startRelay({
    to: () => endOf(target),
    pass(near, far) {
      near.pipe(far)
      far.on('data', (bytes: Buffer) => {
        if (!isClosed) {
          near.write(bytes)
          return
        }
        kept.push(() => near.write(bytes))
        came.resolve()
      })
    },
  })
  return closedAfterFile({
    url: through(relay, target),
    close() {
      isClosed = true
      came = Promise.withResolvers<void>()
      return came.promise
    },
    open() {
      isClosed = false
      for (const write of kept.splice(0)) write()
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  })
}
