import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { OPEN_OPTIONS, UNWRITTEN_PAGES } from './environment.ts'
import type { HeldFile } from './held-file.ts'

/**
 * What another process found when it opened the file: `usable`; `broken`, so that it is of no use to anybody; `held` by a process that
 * is stopped while it writes, for which everybody who opens the file would wait; `unlocked` by a process that closed it meanwhile, the last
 * one that had it open, which destroys the locks: the next one makes them anew; or that it `cannot` be opened, as without rights.
 */
export type ProbeResult = 'usable' | 'broken' | 'held' | 'unlocked' | 'cannot'

/** Another process that opens the file: what would block or end this one does so there. */
export interface Probe {
  /** Resolves when it could open the file at once, or has ended. */
  readonly ready: Promise<void>
  /** Lets it open the file. Resolves with whether it has done so: it has it open then, and nobody else is the last one who closes it. */
  open(): Promise<boolean>
  /** Lets it look at what is in the file. Resolves with what it has found, here or before, when it has ended. */
  look(): Promise<ProbeResult>
  /** Ends it, whatever it does. */
  end(): void
}

/** How long (ms) each step may take: to start, to open the file, and to look around. */
const PATIENCE = 5_000

const BROKEN = 3
const CANNOT = 4
const UNLOCKED = 5

const FOUND: ReadonlyMap<number | null, ProbeResult> = new Map([
  [0, 'usable'],
  [BROKEN, 'broken'],
  [UNLOCKED, 'unlocked'],
])

/** How a process ends that meets pages which are not there, or make no sense. */
const CRASHES: ReadonlySet<string> = new Set(['SIGBUS', 'SIGSEGV', 'SIGABRT', 'SIGILL', 'SIGFPE'])

/** LMDB's own: a page is missing, corrupted, of another version, not of such a file. */
const BROKEN_FILE = [-30797, -30796, -30794, -30793]

/** EINVAL, of a lock that was destroyed. */
const NO_LOCK = 22

/** It says that it is ready. When it is told to, it opens the file and says so; and then it looks around. */
const PROGRAM = `
const { statSync, writeSync } = require('node:fs')
const [, library, path, options] = process.argv
const fail = ({ code }) => process.exit(${JSON.stringify(BROKEN_FILE)}.includes(code) ? ${BROKEN} : code === ${NO_LOCK} ? ${UNLOCKED} : ${CANNOT})
const told = () => new Promise((resolve) => process.stdin.once('data', resolve))
async function run() {
  const { open } = await import(library)
  writeSync(1, 'ready')
  await told()
  const db = open({ ...JSON.parse(options), path, keyEncoding: 'binary' })
  const { pageSize, lastPageNumber } = db.getStats()
  if (statSync(path).size < (lastPageNumber + 1 - ${UNWRITTEN_PAGES}) * pageSize) process.exit(${BROKEN})
  writeSync(1, 'open')
  await told()
  const end = performance.now() + 200
  for (const { value } of db.getRange()) if (value === null || performance.now() > end) break
  process.exit(0)
}
process.stdin.on('end', () => process.exit(${CANNOT}))
run().catch(fail)
`

/** @param file is held until the probe has ended. */
export function startProbe(file: HeldFile, { readOnly }: { readonly readOnly: boolean }): Probe {
  const { path, remove } = file.pathFor('heir')
  const child = startProcess(
    { path, descriptors: file.descriptors, options: { ...OPEN_OPTIONS, readOnly } },
    remove,
  )
  // One that could not be started has none; one that has ended hears nothing any more.
  child.stdin?.on('error', () => {})
  let isReady = false
  let late: ProbeResult | undefined
  let timer: NodeJS.Timeout | undefined
  let lateness: NodeJS.Immediate | undefined
  const result = ended(child).then(({ found, isCrash }) => late ?? (isCrash && !isReady ? 'cannot' : found))
  result.finally(() => {
    inTime()
    remove()
  })

  function limit(ifLate: ProbeResult): void {
    inTime()
    timer = setTimeout(() => {
      // Where this process was held up itself, what the other one has said meanwhile is heard first.
      lateness = setImmediate(() => {
        late = ifLate
        child.kill('SIGKILL')
      })
    }, PATIENCE)
  }

  function inTime(): void {
    clearTimeout(timer)
    clearImmediate(lateness)
  }

  /** False if it has ended. */
  async function hear(): Promise<boolean> {
    const heard = child.stdout ? [once(child.stdout, 'data').then(() => true)] : []
    const isHeard = await Promise.race([...heard, result.then(() => false)])
    inTime()
    return isHeard
  }

  limit('cannot')
  const ready = hear().then((isHeard) => {
    isReady = isHeard
  })
  return {
    ready,
    async open() {
      await ready
      limit('held')
      child.stdin?.write('open')
      const isOpen = await hear()
      remove()
      return isOpen
    },
    look() {
      limit('cannot')
      child.stdin?.write('look')
      return result
    },
    end: () => child.kill('SIGKILL'),
  }
}

interface ProbedFile {
  readonly path: string
  readonly descriptors: readonly number[]
  readonly options: object
}

function startProcess({ path, descriptors, options }: ProbedFile, onFailure: () => void): ChildProcess {
  try {
    const library = import.meta.resolve('lmdb')
    return spawn(
      process.execPath,
      ['--input-type=commonjs', '-e', PROGRAM, library, path, JSON.stringify(options)],
      { stdio: ['pipe', 'pipe', 'ignore', ...descriptors], env: { ...process.env, NODE_OPTIONS: '' } },
    )
  } catch (error) {
    onFailure()
    throw error
  }
}

/** A process that crashes before it can open anything says nothing about the file: it may lack memory or threads. */
interface End {
  readonly found: ProbeResult
  readonly isCrash: boolean
}

function ended(child: ChildProcess): Promise<End> {
  return new Promise((resolve) => {
    child.on('error', () => resolve({ found: 'cannot', isCrash: false }))
    // Not when it exits: what it has said last may not have been heard then.
    child.on('close', (code, signal) => {
      const isCrash = signal !== null && CRASHES.has(signal)
      resolve({ found: isCrash ? 'broken' : (FOUND.get(code) ?? 'cannot'), isCrash })
    })
  })
}
