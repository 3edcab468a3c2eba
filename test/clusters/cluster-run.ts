import { setTimeout as pause } from 'node:timers/promises'
import { type HistoryOutcome, runHistory } from '../history/history-run.ts'
import { ask, type Cluster } from './cluster.ts'
import { type Disturbance, disturbances, takenOver } from './disturbances.ts'

export interface ClusterRunOptions {
  /** How often the primary goes away. */
  readonly rounds: number
  readonly seed: number
  log(line: string): void
}

/** Milliseconds in which all is well, before the first disturbance and after each. */
const CALM = 3_000

/** Milliseconds: fast enough to see much, and slow enough to be like a service. */
const LONGEST_INTERVAL = 200

/** Runs the history check by way of the proxy, with disturbances one after the other. */
export async function runCluster(cluster: Cluster, options: ClusterRunOptions): Promise<HistoryOutcome> {
  const planned = plan(cluster, options.rounds)
  return await runHistory({
    server: cluster.url,
    seconds: 3_600,
    seed: options.seed,
    longestInterval: LONGEST_INTERVAL,
    rest: 100,
    async disturb(tell) {
      await pause(CALM)
      for (const [index, disturbance] of planned.entries()) {
        const primary = await primaryOf(cluster)
        options.log(`${index + 1} of ${planned.length}: ${primary} ${disturbance.name}`)
        const began = performance.now()
        tell('takeover')
        await disturbance.begin(cluster, primary)
        await cluster.writable()
        tell('over')
        options.log(`writes again after ${Math.round(performance.now() - began)} ms`)
        await pause(CALM)
        await disturbance.end(cluster, primary)
        await cluster.writable()
        await pause(CALM)
      }
    },
  })
}

function plan(cluster: Cluster, rounds: number): Disturbance[] {
  const kinds = disturbances[cluster.name]
  const many = Array.from({ length: rounds }, (_, round) => kinds[round % kinds.length]!)
  // Its script has one way only, from the first server to the second.
  return cluster.name === 'async' ? [...many.slice(1), takenOver] : many
}

async function primaryOf(cluster: Cluster): Promise<number> {
  const [row] = await ask(cluster.url, 'select @@port port')
  return Number(row!.port)
}
