import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ask, becomes, type Cluster, DATA } from './cluster.ts'

/** What the script of the asynchronous cluster has no command for: each server can be the primary, and be stopped. */

const FIRST = 3601
const SECOND = 3602

/** Milliseconds after which clients have connections to the primary: the proxy takes a server that it gets back for one until it has asked. */
const RECONNECTED = 1_000

/** Stops a server as SIGSTOP does it, or lets it go on. */
export async function signal(port: number, name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  process.kill(Number(await readFile(join(DATA, 'async', String(port), 'mysqld.pid'), 'utf8')), name)
}

/** The primary becomes the replica, and loses nothing. */
export async function switchOver(cluster: Cluster, primary: number): Promise<void> {
  const next = primary === FIRST ? SECOND : FIRST
  const [from, to] = [cluster.urlOf(primary), cluster.urlOf(next)]
  // Without its clients: one that waits for another's row, which waits for the server to be read-only, would hold that up.
  await cluster.proxy('off', primary)
  await ask(from, 'set global super_read_only = 1')
  await caughtUp(from, to)
  await ask(to, 'stop replica')
  await ask(to, 'reset replica all')
  await ask(to, 'set global super_read_only = 0')
  await ask(to, 'set global read_only = 0')
  await ask(
    from,
    `change replication source to source_host = '127.0.0.1', source_port = ${new URL(to).port}, source_user = 'root',
      source_password = '', get_source_public_key = 1, source_auto_position = 1, source_connect_retry = 1`,
  )
  await ask(from, 'start replica')
  await cluster.proxy('on', next)
  await cluster.writable()
  await pause(RECONNECTED)
  await cluster.proxy('on', primary)
}

/** The first server was killed with commits that the second one lacks: it begins from nothing, and is the primary again. */
export async function rebuildFirst(cluster: Cluster): Promise<void> {
  await rm(join(DATA, 'async', String(FIRST)), { recursive: true })
  await cluster.run('rejoin')
  // It would skip what the one before it has written, as its own.
  const first = cluster.urlOf(FIRST)
  await ask(first, 'stop replica')
  await ask(first, 'reset replica')
  await ask(first, `set global server_id = ${Date.now() % 2 ** 31}`)
  await ask(first, 'start replica')
  await caughtUp(cluster.urlOf(SECOND), first)
  await switchOver(cluster, SECOND)
}

/** Until the replica has applied what the source had committed. */
export async function caughtUp(source: string, replica: string): Promise<void> {
  const executed = async (url: string) => {
    const [row] = await ask(url, 'select @@gtid_executed done')
    return String(row!.done)
  }
  const done = await executed(source)
  const holds = async () => {
    const [row] = await ask(replica, `select gtid_subset('${done}', '${await executed(replica)}') holds`)
    return Number(row!.holds) === 1
  }
  if (!(await becomes(holds))) throw new Error(`${replica} does not catch up with ${source}`)
}
