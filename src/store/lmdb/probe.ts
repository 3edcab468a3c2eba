import { spawn } from 'node:child_process'
import { OPEN_OPTIONS, UNWRITTEN_PAGES } from './environment.ts'

/**
 * What another process found when it opened the file: `usable`; `broken`, so that it is of no use to anybody; `held` by a process that
 * is stopped while it writes, for which everybody who opens the file would wait; or that it `cannot` be opened, as without rights.
 */
export type ProbeResult = 'usable' | 'broken' | 'held' | 'cannot'

/** How long (ms) opening may take. */
const PATIENCE = 5_000

const BROKEN = 3
const CANNOT = 4

/** How a process ends that meets pages which are not there, or make no sense. */
const CRASHES: ReadonlySet<string> = new Set(['SIGBUS', 'SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGFPE'])

/** LMDB's own errors: a page is missing, corrupted, of another version, not of such a file. */
const PROGRAM = `
import(process.argv[1]).then(({ open }) => {
  const [path, options] = [process.argv[2], JSON.parse(process.argv[3])]
  const db = open({ ...options, path, keyEncoding: 'binary' })
  const { pageSize, lastPageNumber } = db.getStats()
  if (require('node:fs').statSync(path).size < (lastPageNumber + 1 - ${UNWRITTEN_PAGES}) * pageSize) process.exit(${BROKEN})
  const end = performance.now() + 200
  for (const { value } of db.getRange()) if (value === null || performance.now() > end) break
  process.exit(0)
}).catch(({ code }) => process.exit([-30797, -30796, -30794, -30793].includes(code) ? ${BROKEN} : ${CANNOT}))
`

/** Opens the file in another process: what would block or kill this one does so there. */
export async function probe(
  path: string,
  { readOnly }: { readonly readOnly: boolean },
): Promise<ProbeResult> {
  const library = import.meta.resolve('lmdb')
  const child = spawn(
    process.execPath,
    ['--input-type=commonjs', '-e', PROGRAM, library, path, JSON.stringify({ ...OPEN_OPTIONS, readOnly })],
    { stdio: 'ignore', env: { ...process.env, NODE_OPTIONS: '' } },
  )
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      resolve('held')
    }, PATIENCE)
    child.on('error', () => {
      clearTimeout(timer)
      resolve('cannot')
    })
    child.on('exit', (code, signal) => {
      clearTimeout(timer)
      if (signal !== null) resolve(CRASHES.has(signal) ? 'broken' : 'cannot')
      else resolve(code === 0 ? 'usable' : code === BROKEN ? 'broken' : 'cannot')
    })
  })
}
