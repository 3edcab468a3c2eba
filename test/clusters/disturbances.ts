import { setTimeout as pause } from 'node:timers/promises'
import { caughtUp, rebuildFirst, signal, switchOver } from './asynchronous.ts'
import type { Cluster, ClusterName } from './cluster.ts'

/** One way in which the primary goes away, up to where the cluster is whole again. */
export interface Disturbance {
  readonly name: string
  /** What goes before, while everybody reads and writes. */
  before?(cluster: Cluster, primary: number): Promise<void>
  /** Resolves when it has begun to take effect and a server should take writes again. */
  begin(cluster: Cluster, primary: number): Promise<void>
  /** Brings back who is missing. */
  end(cluster: Cluster, primary: number): Promise<void>
  /** Whether nobody can write from its beginning to its end, and reads find what a replica has. */
  readonly readsOnly?: boolean
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

/** A group may still have the member as it was, and let it in again later only. */
async function rejoin(cluster: Cluster, member: number): Promise<void> {
  for (let tries = 3; ; tries--) {
    try {
      await cluster.run('rejoin', member)
      return
    } catch (error) {
      if (tries === 1) throw error
    }
  }
}

const frozen: Disturbance = {
  name: 'stopped (SIGSTOP) and continued',
  async begin(cluster, primary) {
    await cluster.run('freeze', primary)
    await pause(SILENCE)
  },
  async end(cluster, primary) {
    if (cluster.name !== 'group') {
      await cluster.run('thaw', primary)
      await pause(SILENCE)
      return
    }
    // Until it learns that the others go on without it, it answers as the primary that it was.
    await cluster.proxy('off', primary)
    await cluster.run('thaw', primary)
    await pause(SILENCE)
    await rejoin(cluster, primary)
    await cluster.proxy('on', primary)
  },
}

const killed: Disturbance = {
  name: 'killed (SIGKILL)',
  begin: async (cluster, primary) => {
    await cluster.run('kill', primary)
  },
  end: rejoin,
}

const left: Disturbance = {
  name: 'stopped in order',
  begin: async (cluster, primary) => {
    await cluster.run('leave', primary)
  },
  end: rejoin,
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

/** Milliseconds in which an applier that was stopped falls behind. */
const LAG = 1_500

const REPLICA = 3602

const async = {
  cutOff,
  frozen: {
    name: frozen.name,
    async begin(_, primary) {
      await signal(primary, 'SIGSTOP')
      await pause(SILENCE)
      await signal(primary, 'SIGCONT')
    },
    async end() {},
  },
  lost: {
    name: 'killed (SIGKILL), and the replica promoted without what its stopped applier lacks',
    async before(cluster) {
      await cluster.run('pause')
      await pause(LAG)
    },
    async begin(cluster) {
      await cluster.run('kill')
      await cluster.run('promote', 'now')
    },
    end: rebuildFirst,
  },
  misled: {
    name: 'replaced by mistake with a replica whose applier was stopped',
    readsOnly: true,
    async before(cluster) {
      await cluster.run('pause')
      await pause(LAG)
    },
    begin: (cluster) => cluster.mislead({ to: REPLICA }),
    async end(cluster, primary) {
      await cluster.mislead({ to: REPLICA, ends: true })
      // Nobody may see again what it has gone through meanwhile.
      await cluster.run('resume')
      await caughtUp(cluster.urlOf(primary), cluster.urlOf(REPLICA))
      await cluster.proxy('on', REPLICA)
    },
  },
  switched: {
    name: 'switched over in order, and back',
    begin: switchOver,
    end: (cluster) => switchOver(cluster, REPLICA),
  },
} satisfies Record<string, Disturbance>

const led: Disturbance = {
  name: 'replaced in order',
  async begin(cluster, primary) {
    await cluster.run('lead', cluster.servers.find((port) => port !== primary)!)
  },
  async end() {},
}

export const disturbances: Readonly<Record<ClusterName, readonly Disturbance[]>> = {
  async: [async.lost, async.frozen, async.misled, async.cutOff, async.switched],
  group: [killed, frozen, cutOff, led, left],
  galera: [killed, frozen, cutOff, partitioned, left],
}

/** What servers are set to, one after the other, in equal shares of the run. */
export const settings: Readonly<Record<ClusterName, readonly string[]>> = {
  async: ['binlog_format = ROW', 'binlog_format = MIXED'],
  group: [
    "group_replication_consistency = 'BEFORE_ON_PRIMARY_FAILOVER'",
    "group_replication_consistency = 'EVENTUAL'",
  ],
  galera: [],
}
