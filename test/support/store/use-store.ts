import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as textOf } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { StoreUse } from './using-process.ts'

const SERVING = fileURLToPath(new URL('./serving-process.ts', import.meta.url))
const PROGRAM = fileURLToPath(new URL('./using-process.ts', import.meta.url))

/** What is mounted while a process uses a store, for it alone; `$0` is where. */
export interface Mount {
  readonly on: string
  readonly script: string
  /** Run afterwards; what it writes is told too. */
  readonly after?: string
}

export const readOnly = (on: string): Mount => ({
  on,
  script: 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"',
})

/** A file system that another program serves, as sshfs and its like do. */
export const served = (on: string): Mount => ({
  on,
  script: `exec 4< <(exec "${process.execPath}" "${SERVING}" "$0"); server=$!; read -r -u 4`,
  after: 'kill $server',
})

/** A disk of its own, of this size. */
export const smallDisk = (on: string, size: string): Mount => ({
  on,
  script: `mount -t tmpfs -o size=${size} tmpfs "$0"`,
})

/** Uses an lmdb store in a process of its own: writes an entry and many large ones, and reads them. */
export async function useStore(
  path: string,
  options: {
    readonly text?: string
    readonly entries?: number
    readonly mount?: Mount
    /** The user that the process is of (default this one). */
    readonly user?: number
  },
): Promise<StoreUse & { readonly after: string }> {
  const { text = '', entries = 0, mount, user } = options
  const program = [process.execPath, PROGRAM, path, text, String(entries)]
  const [command, ...args] = mount ? [...mounted(mount), ...program] : program
  const child = spawn(command!, args, {
    stdio: ['ignore', 'pipe', mount?.after ? 'pipe' : 'inherit'],
    ...(user !== undefined && { uid: user, gid: user }),
  })
  const outputs = Promise.all([textOf(child.stdout!), child.stderr ? textOf(child.stderr) : ''])
  const [code, signal] = await once(child, 'exit')
  const [told, after] = await outputs
  if (code !== 0) throw new Error(`the process ended with ${signal ?? code}: ${told}${after}`)
  return { ...(JSON.parse(told) as StoreUse), after }
}

/** Others do not see what is mounted. Who is not root is it there. */
function mounted({ on, script, after }: Mount): string[] {
  const own = process.getuid?.() === 0 ? ['--mount'] : ['--mount', '--map-root-user']
  const run = `"$@"; code=$?; { ${after ?? ':'}; } >&2; exit $code`
  return ['unshare', ...own, 'bash', '-c', `set -e; ${script}; set +e; ${run}`, on]
}
