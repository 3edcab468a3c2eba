/**
 * The bare prepared JSON_TABLE through MariaDB's C client, which makes no objects of what it reads. A list goes to a
 * process of its own and back, which is in the figure: some tens of microseconds.
 */
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Cannot } from '../cannot.ts'
import type { Peer, PeerOptions } from '../peer.ts'

const source = fileURLToPath(new URL('c-client.c', import.meta.url))
const run = promisify(execFile)

export async function open({ url }: PeerOptions): Promise<Peer> {
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-c-client-'))
  const program = join(folder, 'c-client')
  await compile(program)
  const { hostname, port, username, password, pathname } = new URL(url)
  const given = [hostname, port || '3306', username, password, pathname.slice(1)].map(decodeURIComponent)
  const client = spawn(program, given, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]()
  return {
    request: () => Promise.reject(new Cannot('only lists of keys')),
    async cities(ids) {
      client.stdin.write(`${JSON.stringify(ids)}\n`)
      const { value, done } = await lines.next()
      if (done) throw new Error('c-client: it has ended')
      return new Array<boolean>(Number(value)).fill(true)
    },
    async restart() {},
    async close() {
      client.stdin.end()
      await rm(folder, { recursive: true })
    },
  }
}

async function compile(program: string): Promise<void> {
  try {
    const { stdout } = await run('mariadb_config', ['--cflags', '--libs'])
    await run('gcc', ['-O2', '-o', program, source, ...stdout.split(/\s+/).filter(Boolean)])
  } catch (error) {
    throw new Cannot(`needs gcc and libmariadb-dev (${(error as { code?: unknown }).code})`)
  }
}
