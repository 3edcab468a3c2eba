import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { OPEN_OPTIONS, UNWRITTEN_PAGES } from './environment.ts'
import type { HeldFile } from './held-file.ts'

/**
 * What another process found when it opened the file: `usable`; `broken`, so that it is of no use to anybody; `held` by a process that
 * is stopped while it writes, for which everybody who opens the file would wait; or that it `cannot` be opened, as without rights.
 */
export type ProbeResult = 'usable' | 'broken' | 'held' | 'cannot'

/** Another process that opens the file: what would block or end this one does so there. */
export interface Probe {
  /** Resolves when it could open the file at once, or has ended. */
  readonly ready: Promise<void>
  /** Lets it open the file. Resolves with whether it has done so. */
  open(): Promise<boolean>
  /** Resolves when it has looked at what is in the file, and has ended. */
  readonly result: Promise<ProbeResult>
  /** Ends it, whatever it does. */
  end(): void
}

/** How long (ms) each step may take: to start, to open the file, and to look around. */
const PATIENCE = 5_000

const BROKEN = 3
const CANNOT = 4

/** How a process ends that meets pages which are not there, or make no sense. */
const CRASHES: ReadonlySet<string> = new Set(['SIGBUS', 'SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGFPE'])

/**
 * It says that it is ready, opens the file when it is told to, says so, and looks around. LMDB's own errors: a page is missing,
 * corrupted, of another version, not of such a file.
 */
const PROGRAM = `
const { statSync, writeSync } = require('node:fs')
const [, library, path, options] = process.argv
const load = import(library)
load.then(() => writeSync(1, 'ready'))
process.stdin.once('data', () => load.then(({ open }) => {
  const db = open({ ...JSON.parse(options), path, keyEncoding: 'binary' })
  const { pageSize, lastPageNumber } = db.getStats()
  if (statSync(path).size < (lastPageNumber + 1 - ${UNWRITTEN_PAGES}) * pageSize) process.exit(${BROKEN})
  writeSync(1, 'open')
  const end = performance.now() + 200
  for (const { value } of db.getRange()) if (value === null || performance.now() > end) break
  process.exit(0)
}).catch(({ code }) => process.exit([-30797, -30796, -30794, -30793].includes(code) ? ${BROKEN} : ${CANNOT})))
`

/** @param file is held until the probe has ended. */
export function startProbe(file: HeldFile, { readOnly }: { readonly readOnly: boolean }): Probe {
  const { path, remove } = file.pathFor('heir')
  const child = startProcess({ path, descriptors: file.descriptors, options: { ...OPEN_OPTIONS, readOnly } })
  // One that has ended hears nothing any more.
  child.stdin!.on('error', () => {})
  let late: ProbeResult | undefined
  let timer: NodeJS.Timeout | undefined
  const result = ended(child).then((found) => late ?? found)
  result.finally(() => {
    clearTimeout(timer)
    remove()
  })

  function limit(ifLate: ProbeResult): void {
    clearTimeout(timer)
    timer = setTimeout(() => {
      late = ifLate
      child.kill('SIGKILL')
    }, PATIENCE)
  }

  /** False if it has ended. */
  async function hear(): Promise<boolean> {
    const isHeard = await Promise.race([
      once(child.stdout!, 'data').then(() => true),
      result.then(() => false),
    ])
    clearTimeout(timer)
    return isHeard
  }

  limit('cannot')
  return {
    ready: hear().then(() => {}),
    async open() {
      limit('held')
      child.stdin!.end('open')
      const isOpen = await hear()
      remove()
      if (isOpen) limit('broken')
      return isOpen
    },
    result,
    end: () => child.kill('SIGKILL'),
  }
}

interface ProbedFile {
  readonly path: string
  readonly descriptors: readonly number[]
  readonly options: object
}

function startProcess({ path, descriptors, options }: ProbedFile): ChildProcess {
  const library = import.meta.resolve('lmdb')
  return spawn(
    process.execPath,
    ['--input-type=commonjs', '-e', PROGRAM, library, path, JSON.stringify(options)],
    { stdio: ['pipe', 'pipe', 'ignore', ...descriptors], env: { ...process.env, NODE_OPTIONS: '' } },
  )
}

function ended(child: ChildProcess): Promise<ProbeResult> {
  return new Promise((resolve) => {
    child.on('error', () => resolve('cannot'))
    // Not when it exits: what it has said last may not have been heard then.
    child.on('close', (code, signal) => {
      if (signal !== null) resolve(CRASHES.has(signal) ? 'broken' : 'cannot')
      else resolve(code === 0 ? 'usable' : code === BROKEN ? 'broken' : 'cannot')
    })
  })
}
