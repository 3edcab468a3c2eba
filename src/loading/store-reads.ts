import { setTimeout } from 'node:timers/promises'
import { coalesce } from '../database/coalesce.ts'
import type { Key } from '../keys/key.ts'
import type { Entry } from '../rows/row.ts'
import type { ServerReads } from './server-reads.ts'
import type { LateOptions, TableStore } from './table-store.ts'

/** How many keys make it worth asking whether another process is about to read them. */
const HERD = 100

/** How long (ms) rows are waited for that another process has claimed, and how often they are asked for meanwhile. */
const PATIENCE = 1_000
const PAUSE = 10

/** What is left of the patience after a wait in vain: the process that has the claim may have ended, or the store takes nothing. */
const PATIENCE_LEFT = 1 / 8

/** Asks a table's store for what is about to be sent, and the server for what it does not have. */
export function createStoreReads(
  source: ServerReads,
  options: {
    readonly stored: TableStore
    /** How long (ms) a read may take, whatever it waits for. */
    readonly timeout: number
    /** Once this has resolved, the versions of tables are known. */
    connect(): Promise<unknown>
  },
): ServerReads {
  const { stored, timeout } = options
  const longest = Math.min(PATIENCE, timeout / 8)
  /** For the process that has claimed something, and for the one that has claimed it after waiting in vain. */
  const patience = [longest, longest]
  let connected = false

  async function connect(): Promise<void> {
    if (connected) return
    await options.connect()
    connected = true
  }

  /** Claims what is about to be read, or waits until the process that has claimed it has written it. */
  async function claimOrWait(what: string, isWritten: () => Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < patience.length; turn++) {
      // What was not there when it was asked for may have been written since.
      if (await stored.claim(`${what} ${turn}`)) return void (await isWritten())
      const end = performance.now() + patience[turn]!
      while (performance.now() + PAUSE < end) {
        await setTimeout(PAUSE)
        if (!(await isWritten())) continue
        patience[turn] = longest
        return
      }
      patience[turn]! *= PATIENCE_LEFT
    }
  }

  interface Asking<Answer> {
    /** The key of the entry. */
    nameOf(key: Key): string
    find(keys: readonly Key[], options?: LateOptions): Promise<readonly (Answer | null | undefined)[]>
    send(keys: readonly Key[]): Promise<readonly (Answer | undefined | Error)[]>
  }

  async function ask<Answer>(
    keys: readonly Key[],
    { nameOf, find, send }: Asking<Answer>,
  ): Promise<readonly (Answer | undefined | Error)[]> {
    await connect()
    const answers = new Map<Key, Answer | null | undefined | Error>()
    // A program that cleared its scope may know of a change that the store does not show.
    const askable = keys.filter(({ fresh }) => !fresh)
    const missing = () => askable.filter((key) => answers.get(key) === undefined)

    async function look(wanted: readonly Key[], options?: LateOptions): Promise<void> {
      const found = await find(wanted, options)
      for (const [index, answer] of found.entries()) answers.set(wanted[index]!, answer)
    }

    if (askable.length > 0) await look(askable)
    const last = askable.length >= HERD ? lastOf(missing(), nameOf) : undefined
    if (last) {
      await claimOrWait(nameOf(last), async () => {
        // One for all of them: many processes that wait must not ask for all again and again.
        await look([last], { isAwaited: true })
        if (answers.get(last) === undefined) return false
        await look(missing(), { isAwaited: true })
        return true
      })
    }
    const sent = keys.filter((key) => answers.get(key) === undefined)
    if (sent.length > 0) {
      for (const [index, answer] of (await send(sent)).entries()) answers.set(sent[index]!, answer)
      if (last) stored.writeLast(nameOf(last))
    }
    return keys.map((key) => answers.get(key) ?? undefined)
  }

  return {
    ...source,
    rows(definition) {
      const send = source.rows(definition)
      return (keys, sending) =>
        ask<Entry>(keys, {
          nameOf: stored.rowName,
          find: stored.findRows,
          send: (missing) => send(missing, sending),
        })
    },
    lists(definition) {
      const send = source.lists(definition)
      return async (keys, sending) =>
        (await ask<readonly Entry[]>(keys, {
          nameOf: stored.listName,
          find: stored.findLists,
          send: (missing) => send(missing, sending),
        })) as readonly (readonly Entry[] | Error)[]
    },
    all: coalesce(async (before) => {
      await before
      await connect()
      let found = await stored.findAll()
      const isStored = async () => {
        found = await stored.findAll()
        return found !== undefined
      }
      if (!found) await claimOrWait('all', isStored)
      return found ?? (await source.all())
    }),
  }
}

/**
 * The key whose entry is written last of a batch's; undefined for none. It stands for all in claims: a process that finds some of them
 * already waits for the same one as a process that finds none.
 */
function lastOf(keys: readonly Key[], nameOf: (key: Key) => string): Key | undefined {
  const names = keys.map(nameOf)
  let last = 0
  for (let at = 1; at < names.length; at++) if (names[at]! > names[last]!) last = at
  return keys[last]
}
