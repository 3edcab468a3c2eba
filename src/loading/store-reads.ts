import { setTimeout } from 'node:timers/promises'
import { coalesce } from '../database/coalesce.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'
import type { Entry } from '../rows/row.ts'
import type { ServerReads } from './server-reads.ts'
import type { LateOptions, TableStore } from './table-store.ts'

/** How many keys make it worth asking whether another process is about to read them. */
const HERD = 100

/** How long (ms) at most rows are waited for that another process has claimed, and how often they are asked for meanwhile. */
const PATIENCE = 500
const PAUSE = 5

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
  const patience = Math.min(PATIENCE, timeout / 4)
  let connected = false
  /** Whether it has waited in vain: it does not wait again for a process, or for a store, that writes nothing. */
  let isDisappointed = false

  async function connect(): Promise<void> {
    if (connected) return
    await options.connect()
    connected = true
  }

  /** Waits until the store has what another process is about to read. */
  async function wait(claim: string, isStored: () => Promise<boolean>): Promise<void> {
    if (isDisappointed || (await stored.claim(claim))) return
    const end = performance.now() + patience
    while (performance.now() < end) {
      await setTimeout(PAUSE)
      if (await isStored()) return
    }
    isDisappointed = true
  }

  interface Asking<Answer> {
    readonly definition: KeyDefinition
    find(keys: readonly Key[], options?: LateOptions): Promise<readonly (Answer | null | undefined)[]>
    send(keys: readonly Key[]): Promise<readonly (Answer | undefined | Error)[]>
  }

  async function ask<Answer>(
    keys: readonly Key[],
    { definition, find, send }: Asking<Answer>,
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

    let tries = 0
    /** Asks for one key at a time until it is there: many processes that wait must not ask for all of them again and again. */
    async function areStored(): Promise<boolean> {
      const wanted = missing()
      // From the last one, which is written last as a rule; not always the same, because absences may not be stored.
      const one = wanted[wanted.length - 1 - (tries++ % wanted.length)]!
      await look([one], { isAwaited: true })
      if (answers.get(one) === undefined) return false
      await look(missing(), { isAwaited: true })
      return missing().length === 0
    }

    if (askable.length > 0) await look(askable)
    if (askable.length >= HERD && missing().length > 0) await wait(claimOf(definition, askable), areStored)
    const sent = keys.filter((key) => answers.get(key) === undefined)
    if (sent.length > 0) {
      for (const [index, answer] of (await send(sent)).entries()) answers.set(sent[index]!, answer)
    }
    return keys.map((key) => answers.get(key) ?? undefined)
  }

  return {
    ...source,
    rows(definition) {
      const send = source.rows(definition)
      return (keys, sending) =>
        ask<Entry>(keys, { definition, find: stored.findRows, send: (missing) => send(missing, sending) })
    },
    lists(definition) {
      const send = source.lists(definition)
      return async (keys, sending) =>
        (await ask<readonly Entry[]>(keys, {
          definition,
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
      if (!found) await wait('all', isStored)
      return found ?? (await source.all())
    }),
  }
}

/** The same for the same keys, in whatever order. */
function claimOf({ parts }: KeyDefinition, keys: readonly Key[]): string {
  const names = parts.map(({ name }) => name)
  return JSON.stringify([names, keys.map(({ json }) => json).sort()])
}
