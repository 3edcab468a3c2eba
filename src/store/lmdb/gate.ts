import { randomBytes } from 'node:crypto'
import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/**
 * Keeps writes from going on while some process opens the file. LMDB tells everybody the number of the last commit when a file is opened,
 * as it has read it before: a commit in between is lost, its pages are used again while others read them, and the file may break. (ITS#9496
 * of LMDB, see https://github.com/monero-project/monero/pull/7656; what `lmdb` 3.5.6 is made of has it.)
 *
 * A writer leaves a mark, then looks whether the gate is closed. Who opens the file closes the gate, then waits until there are no marks.
 * Both are files in a folder that is made with the file and deleted with it: nobody opens or writes a file that was deleted.
 */
export interface Gate {
  /**
   * Lets a write through, at once where it is open. Who has entered leaves.
   *
   * @throws the system's ENOENT where the file was deleted.
   */
  enter(): Promise<void> | undefined
  leave(): void
  /** Takes away the mark of the last write at once, and not a little later. */
  rest(): void
  /**
   * Calls `work` while nobody writes, or somebody does not come to an end, as a process that is stopped.
   *
   * @throws the system's ENOENT where the file was deleted.
   */
  whileClosed<Result>(work: () => Promise<Result>): Promise<Result>
}

const CLOSED = 'closed'

/** How often (ms) who waits looks again, and a writer among others looks at the gate. */
const INTERVAL = 3

/** How long (ms) who opens the file waits for those who write, and for others who open it. */
const WRITING_PATIENCE = 1_000
const OPENING_PATIENCE = 12_000

/** How old (ms) what a process leaves behind gets that others cannot see, as in another container: the closed gate, and a mark. */
const CLOSED_AT_MOST = 10_000
const MARK_AT_MOST = 60_000

/** @param folder of the gate, and of nothing else. */
export function createGate(folder: string): Gate {
  const closed = join(folder, CLOSED)
  const name = `${ownNamespace()}-${process.pid}-${randomBytes(6).toString('hex')}`
  const mark = join(folder, name)
  let inside = 0
  let lookedAt = 0
  let markedAt: number | undefined
  let resting: NodeJS.Timeout | undefined

  function entered(): boolean {
    const now = performance.now()
    clearTimeout(resting)
    if (markedAt === undefined) lookedAt = 0
    if (markedAt === undefined || now - markedAt > MARK_AT_MOST / 2) {
      make(mark, name, 'w')
      markedAt = now
    }
    inside++
    if (now - lookedAt < INTERVAL) return true
    lookedAt = now
    if (!isClosed()) return true
    inside--
    if (inside === 0) rest()
    return false
  }

  function isClosed(): boolean {
    return isYounger(closed, CLOSED_AT_MOST) && !isOfDeadProcess(textOf(closed))
  }

  /** The mark stays for a moment: making and removing it takes as long as half a write. */
  function leave(): void {
    inside--
    if (inside === 0) resting = setTimeout(rest, INTERVAL).unref()
  }

  function rest(): void {
    clearTimeout(resting)
    if (inside > 0 || markedAt === undefined) return
    markedAt = undefined
    remove(mark)
  }

  async function enterLater(): Promise<void> {
    do await pause(INTERVAL)
    while (!entered())
  }

  async function close(): Promise<void> {
    const until = performance.now() + OPENING_PATIENCE
    while (!make(closed, name, 'wx')) {
      if (performance.now() > until) throw new Error('others that open the file do not come to an end')
      if (isClosed()) await pause(INTERVAL)
      else remove(closed)
    }
  }

  /** Another one may have closed the gate meanwhile, because this process was stopped. */
  function open(): void {
    if ([name, ''].includes(textOf(closed))) remove(closed)
  }

  function hasWriters(): boolean {
    return readdirSync(folder).some((writer) => {
      if (writer === CLOSED) return false
      const path = join(folder, writer)
      if (isOfOwnNamespace(writer) ? !isOfDeadProcess(writer) : isYounger(path, MARK_AT_MOST)) return true
      remove(path)
      return false
    })
  }

  return {
    enter: () => (entered() ? undefined : enterLater()),
    leave,
    rest,
    async whileClosed(work) {
      await close()
      try {
        const until = performance.now() + WRITING_PATIENCE
        while (hasWriters() && performance.now() < until) await pause(INTERVAL)
        // Marks that are gone because all is do not mean that nobody writes.
        statSync(closed)
        return await work()
      } finally {
        open()
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

function isOfOwnNamespace(name: string): boolean {
  return name.split('-')[0] === ownNamespace()
}

function isOfDeadProcess(name: string): boolean {
  if (!isOfOwnNamespace(name)) return false
  const id = Number(name.split('-')[1])
  try {
    process.kill(id, 0)
    return isZombie(id)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}

/** It has ended, and its parent has not asked how. */
function isZombie(id: number): boolean {
  return /\) [ZX] [^)]*$/.test(textOf(`/proc/${id}/stat`))
}

/** False where it is there already, and shall not. */
function make(file: string, text: string, flag: 'w' | 'wx'): boolean {
  let descriptor: number
  try {
    descriptor = openSync(file, flag, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
  try {
    writeFileSync(descriptor, text)
  } catch {
    // The disk is full: it will do without a name.
  } finally {
    closeSync(descriptor)
  }
  return true
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

function remove(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // It is gone.
  }
}
