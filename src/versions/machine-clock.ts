import { readFileSync, readlinkSync } from 'node:fs'

/** A clock that the processes of a machine share. */
export interface MachineClock {
  /** Tells it from the clocks of other machines, other starts of this one, and containers that have another monotonic clock. */
  readonly id: string
  /** Milliseconds. It is never set, and stands still while the machine is suspended. */
  monotonic(): number
  /** Milliseconds since 1970. */
  wall(): number
}

let clock: MachineClock | undefined
let isKnown = false

/** Undefined where nothing tells whether another process reads the same clock. */
export function machineClock(): MachineClock | undefined {
  if (!isKnown) {
    const id = clockId()
    clock =
      id === undefined
        ? undefined
        : { id, monotonic: () => Number(process.hrtime.bigint()) / 1e6, wall: () => Date.now() }
    isKnown = true
  }
  return clock
}

/** Only Linux tells. */
function clockId(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return boot === '' ? undefined : `${boot} ${timeNamespace()}`
  } catch {
    return undefined
  }
}

function timeNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/time')
  } catch (error) {
    // Older kernels have none.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
