import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import { createConnection as connectTo } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createConnection, type RowDataPacket } from 'mysql2/promise'

export type ClusterName = 'async' | 'group' | 'galera'

/** Where the scripts are that start the servers and HAProxy: beside the checkout, or where CLUSTER_SCRIPTS says. */
const SCRIPTS = resolve(
  fileURLToPath(new URL('../..', import.meta.url)),
  process.env.CLUSTER_SCRIPTS ?? '../shared/servers/clusters',
)

/** Where the scripts keep data, sockets and pid files. */
export const DATA = process.env.CLUSTERS ?? '/tmp/clusters'

const PORTS: Readonly<Record<ClusterName, { readonly proxy: number; readonly servers: readonly number[] }>> =
  {
    async: { proxy: 3600, servers: [3601, 3602] },
    group: { proxy: 3610, servers: [3611, 3612, 3613] },
    galera: { proxy: 3620, servers: [3621, 3622, 3623] },
  }

/** Several servers behind HAProxy, which leads to the primary. */
export interface Cluster extends AsyncDisposable {
  readonly name: ClusterName
  readonly servers: readonly number[]
  /** By way of the proxy, to the primary. */
  readonly url: string
  /** To one server, past the proxy. */
  urlOf(port: number): string
  /** Runs a command of the cluster's script: `run('kill', 3611)`. */
  run(...command: readonly (string | number)[]): Promise<string>
  /** Takes a server from the proxy and its clients, as if it could not be reached, or gives it back. */
  proxy(command: 'off' | 'on', port: number): Promise<void>
  /** The proxy leads to one server alone, fit or not; where that ends, to the others alone. */
  mislead(options: Misleading): Promise<void>
  /** Resolves when the proxy leads to a server that takes writes. */
  writable(): Promise<void>
}

interface Misleading {
  readonly to: number
  readonly ends?: boolean
}

/** Until two checks of it have failed, a secondary is taken for a primary (ms). */
const UNCHECKED = 3_000

/** Starts it with empty servers. */
export async function startCluster(name: ClusterName): Promise<Cluster> {
  await access(join(SCRIPTS, `${name}.sh`)).catch(() => {
    throw new Error(`no ${name}.sh in ${SCRIPTS}: CLUSTER_SCRIPTS names the folder of the scripts`)
  })
  const { proxy, servers } = PORTS[name]
  const urlOf = (port: number) => `mysql://root@127.0.0.1:${port}/`
  const run = (...command: readonly (string | number)[]) => script(`${name}.sh`, command)
  await script('haproxy.sh', ['stop', name])
  await run('stop')
  await run('start')
  await script('haproxy.sh', ['start', name])
  await pause(UNCHECKED)
  await writable(urlOf(proxy))
  return {
    name,
    servers,
    url: urlOf(proxy),
    urlOf,
    run,
    proxy: async (command, port) => {
      await script('haproxy.sh', [command, port, name])
    },
    mislead: (options) => mislead(name, options),
    writable: () => writable(urlOf(proxy)),
    async [Symbol.asyncDispose]() {
      await script('haproxy.sh', ['stop', name])
      await run('stop')
    },
  }
}

async function mislead(name: ClusterName, { to, ends }: Misleading): Promise<void> {
  const others = PORTS[name].servers.filter((server) => server !== to)
  const state = (port: number, command: 'enable' | 'disable') =>
    command === 'enable'
      ? [`enable server ${name}/s${port}`]
      : [`disable server ${name}/s${port}`, `shutdown sessions server ${name}/s${port}`]
  const commands = ends
    ? [
        ...state(to, 'disable'),
        `enable health ${name}/s${to}`,
        ...others.flatMap((port) => state(port, 'enable')),
      ]
    : [
        `disable health ${name}/s${to}`,
        `set server ${name}/s${to} health up`,
        ...others.flatMap((port) => state(port, 'disable')),
      ]
  for (const command of commands) {
    const socket = connectTo(join(DATA, `haproxy-${name}`, 'socket'))
    socket.end(`${command}\n`)
    for await (const answer of socket)
      if (String(answer).trim() !== '') throw new Error(`${command}: ${answer}`)
  }
}

/** Until a statement that writes succeeds: a server may accept connections before it may be written to. */
async function writable(url: string): Promise<void> {
  const end = performance.now() + 60_000
  for (;;) {
    try {
      const [row] = await ask(url, 'select @@read_only read_only', 5_000)
      if (Number(row?.read_only) === 0) return
    } catch (error) {
      if (performance.now() > end) throw error
    }
    if (performance.now() > end) throw new Error(`${url} takes no writes`)
    await pause(50)
  }
}

/** One statement on a connection of its own. */
export async function ask(url: string, statement: string, timeout = 30_000): Promise<RowDataPacket[]> {
  const connection = await createConnection({ uri: url, connectTimeout: 5_000 })
  connection.on('error', () => {})
  try {
    const [rows] = await connection.query<RowDataPacket[]>({ sql: statement, timeout })
    return rows
  } finally {
    connection.destroy()
  }
}

/** Asks until it holds, for half a minute. */
export async function becomes(holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + 30_000
  while (performance.now() < end) {
    if (await holds()) return true
    await pause(50)
  }
  return false
}

function script(file: string, command: readonly (string | number)[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn('bash', [join(SCRIPTS, file), ...command.map(String)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  child.once('error', reject)
  // The servers that it starts keep its output open: it is over when it has ended itself.
  child.once('exit', (code) => {
    if (code === 0) resolve(output)
    else
      reject(
        new Error(`${file} ${command.join(' ')} ended with ${code}: ${(errors || output).slice(-1_000)}`),
      )
  })
  return promise
}
