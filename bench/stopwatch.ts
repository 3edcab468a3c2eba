/** Nanoseconds that something took. */
export interface Times {
  readonly wall: number
  /** Of all threads of this process, the compiler's and the collector's included. */
  readonly cpu: number
}

/**
 * Begins to measure; the function that it returns says how much time has passed since. Processor time is steadier than
 * wall time on a machine with other work to do, and shows nothing of what a server does.
 */
export function startStopwatch(): () => Times {
  const cpu = process.cpuUsage()
  const wall = process.hrtime.bigint()
  return () => {
    const elapsed = Number(process.hrtime.bigint() - wall)
    const { user, system } = process.cpuUsage(cpu)
    return { wall: elapsed, cpu: (user + system) * 1_000 }
  }
}
