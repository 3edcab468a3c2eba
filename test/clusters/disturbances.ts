import { setTimeout as pause } from 'node:timers/promises'
import type { Cluster, ClusterName } from './cluster.ts'

/** One way in which the primary goes away, up to where the cluster is whole again. */
export interface Disturbance {
  readonly name: string
  /** Resolves when it has begun to take effect and a server should take writes again. */
  begin(cluster: Cluster, primary: number): Promise<void>
  /** Brings back who is missing. */
  end(cluster: Cluster, primary: number): Promise<void>
}

/** Longer than the proxy and the group wait for a server that says nothing. */
const SILENCE = 4_000

const cutOff: Disturbance = {
  name: 'cut off from its clients for a while',
  async begin(cluster, primary) {
    await cluster.proxy('off', primary)
    await pause(500)
    if (cluster.name !== 'galera') await cluster.proxy('on', primary)
  },
  async end(cluster, primary) {
    await cluster.proxy('on', primary)
  },
}

const frozen: Disturbance = {
  name: 'stopped (SIGSTOP) and continued',
  async begin(cluster, primary) {
    await cluster.run('freeze', primary)
    await pause(SILENCE)
  },
  async end(cluster, primary) {
    await cluster.run('thaw', primary)
    // Who was expelled has to be told so before it can come back.
    await pause(SILENCE)
    if (cluster.name !== 'group') return
    await cluster.run('kill', primary)
    await cluster.run('rejoin', primary)
  },
}

const killed: Disturbance = {
  name: 'killed (SIGKILL)',
  begin: async (cluster, primary) => {
    await cluster.run('kill', primary)
  },
  end: async (cluster, primary) => {
    await cluster.run('rejoin', primary)
  },
}

const left: Disturbance = {
  name: 'stopped in order',
  begin: async (cluster, primary) => {
    await cluster.run('leave', primary)
  },
  end: async (cluster, primary) => {
    await cluster.run('rejoin', primary)
  },
}

const partitioned: Disturbance = {
  name: 'cut off from the other nodes',
  begin: async (cluster, primary) => {
    await cluster.run('cut', primary)
    await pause(SILENCE)
  },
  end: async (cluster, primary) => {
    await cluster.run('mend', primary)
  },
}

export const disturbances: Readonly<Record<ClusterName, readonly Disturbance[]>> = {
  // The replica takes over once, at the end: the script has no way back to the first server.
  async: [cutOff],
  group: [killed, frozen, cutOff, left],
  galera: [killed, frozen, cutOff, partitioned, left],
}

/** The replica becomes the primary, without what it had not applied. */
export const takenOver: Disturbance = {
  name: 'killed, and the replica promoted with an applier that was stopped before',
  async begin(cluster, primary) {
    await cluster.run('pause')
    await pause(500)
    await cluster.run('kill', primary)
    await cluster.run('promote', 'now')
  },
  async end(cluster) {
    await cluster.run('rejoin')
  },
}
