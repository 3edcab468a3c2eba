import { setTimeout as pause } from 'node:timers/promises'
import { type HistoryOutcome, runHistory } from '../history/history-run.ts'
import { ask, type Cluster } from './cluster.ts'
import { disturbances, settings } from './disturbances.ts'

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
  const { rounds, log } = options
  const kinds = disturbances[cluster.name]
  const levels = settings[cluster.name]
  return await runHistory({
    server: cluster.url,
    seconds: 3_600,
    seed: options.seed,
    longestInterval: LONGEST_INTERVAL,
    rest: 100,
    async disturb(tell) {
      await pause(CALM)
      for (let round = 0; round < rounds; round++) {
        const disturbance = kinds[round % kinds.length]!
        const level = levels[Math.floor((round * levels.length) / rounds)]
        const primary = await primaryOf(cluster)
        // A server that applies another one's log keeps its format.
        const ports = cluster.name === 'async' ? [primary] : cluster.servers
        if (level) await Promise.all(ports.map((port) => ask(cluster.urlOf(port), `set global ${level}`)))
        log(`${round + 1} of ${rounds}: ${primary} ${disturbance.name}${level ? ` (${level})` : ''}`)
        await disturbance.before?.(cluster, primary)
        const began = performance.now()
        tell('takeover')
        await disturbance.begin(cluster, primary)
        if (!disturbance.readsOnly) await cluster.writable()
        tell('over')
        log(`answers again after ${Math.round(performance.now() - began)} ms`)
        await pause(CALM)
        // What was written last is not on the server that answered since.
        if (disturbance.readsOnly) tell('takeover')
        await disturbance.end(cluster, primary)
        await cluster.writable()
        if (disturbance.readsOnly) tell('over')
        await pause(CALM)
      }
    },
  })
}

async function primaryOf(cluster: Cluster): Promise<number> {
  const [row] = await ask(cluster.url, 'select @@port port')
  return Number(row!.port)
}
