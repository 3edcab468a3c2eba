import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Keeps writes from going on while some process opens the file. LMDB tells everybody the number of the last commit when a file is opened,
 * as it has read it before: a commit in between is lost, its pages are used again while others read them, and the file may break. (Bug 9496
 * of LMDB, mended in 0.9.29, and not in what `lmdb` 3.5.6 is made of.)
 *
 * A writer leaves a mark, then looks whether the gate is closed. Who opens the file closes the gate, then waits until there are no marks.
 */
export interface Gate {
  /** Lets a write through, at once where it is open. Who has entered leaves. */
  enter(): Promise<void> | undefined
  leave(): void
  /** Calls `work` while nobody writes, or somebody does not come to an end, as a process that is stopped. */
  whileClosed<Result>(work: () => Promise<Result>): Promise<Result>
}

export const WRITERS = 'writers'
const CLOSED = 'closed'

/** How often (ms) who waits looks again, and a writer among others looks at the gate. */
const INTERVAL = 3

/** How long (ms) a write may take. */
const PATIENCE = 1_000

/** How old (ms) what a process leaves behind gets that others cannot see, as in another container: the closed gate, and a mark. */
const CLOSED_AT_MOST = 10_000
const MARK_AT_MOST = 60_000

/** @param folder of the store. It may be gone, and with it whoever opens the file. */
export function createGate(folder: string): Gate {
  const closed = join(folder, CLOSED)
  const writers = join(folder, WRITERS)
  const name = `${ownNamespace()}-${process.pid}-${randomBytes(6).toString('hex')}`
  const mark = join(writers, name)
  let inside = 0
  let lookedAt = 0

  function entered(): boolean {
    if (inside === 0) make(mark, name, 'w')
    inside++
    const now = performance.now()
    if (inside > 1 && now - lookedAt < INTERVAL) return true
    lookedAt = now
    if (!isClosed()) return true
    leave()
    return false
  }

  function isClosed(): boolean {
    return isYounger(closed, CLOSED_AT_MOST) && !isOfDeadProcess(textOf(closed))
  }

  async function enterLater(): Promise<void> {
    do await pause(INTERVAL)
    while (!entered())
  }

  function leave(): void {
    inside--
    if (inside === 0) remove(mark)
  }

  async function close(): Promise<void> {
    while (!make(closed, name, 'wx')) {
      if (isClosed()) await pause(INTERVAL)
      else remove(closed)
    }
  }

  function hasWriters(): boolean {
    return namesIn(writers).some((writer) => {
      const path = join(writers, writer)
      if (!isOfDeadProcess(writer) && isYounger(path, MARK_AT_MOST)) return true
      remove(path)
      return false
    })
  }

  return {
    enter: () => (entered() ? undefined : enterLater()),
    leave,
    async whileClosed(work) {
      await close()
      try {
        const until = performance.now() + PATIENCE
        while (hasWriters() && performance.now() < until) await pause(INTERVAL)
        return await work()
      } finally {
        remove(closed)
      }
    },
  }
}

/** Process ids are of use among processes that see each other. */
function ownNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '')
  } catch {
    return '0'
  }
}

function isOfDeadProcess(name: string): boolean {
  const [namespace, id] = name.split('-')
  if (namespace !== ownNamespace()) return false
  try {
    process.kill(Number(id), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** False where it is there already, and shall not. In a folder that is gone, there is nobody to keep away. */
function make(file: string, text: string, flag: 'w' | 'wx'): boolean {
  try {
    writeFileSync(file, text, { flag, mode: 0o600 })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    if (code === 'ENOENT') return true
    throw error
  }
}

function isYounger(file: string, most: number): boolean {
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs
  return made !== undefined && Math.abs(Date.now() - made) < most
}

/** Empty where it was just made, and is written now. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // It is gone.
  }
}
