import { setTimeout } from 'node:timers/promises'
import type { Entry } from '../cache/generation.ts'
import { coalesce } from '../database/coalesce.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'
import type { ServerReads } from './server-reads.ts'
import type { LateOptions, TableStore } from './table-store.ts'

/** How many keys make it worth asking whether another process is about to read them. */
const HERD = 100

/** How long (ms) rows are waited for that another process has claimed, and how often they are asked for meanwhile. */
const PATIENCE = 50
const PAUSE = 5

/** Asks a table's store for what is about to be sent, and the server for what it does not have. */
export function createStoreReads(
  source: ServerReads,
  options: {
    readonly stored: TableStore
    /** Once this has resolved, the versions of tables are known. */
    connect(): Promise<unknown>
  },
): ServerReads {
  const { stored } = options
  let connected = false

  async function connect(): Promise<void> {
    if (connected) return
    await options.connect()
    connected = true
  }

  /** Waits for the store's answers while another process reads the same. */
  async function wait<Answer>(
    claim: string,
    ask: () => Promise<Answer | undefined>,
  ): Promise<Answer | undefined> {
    if (await stored.claim(claim)) return undefined
    const end = performance.now() + PATIENCE
    while (performance.now() < end) {
      await setTimeout(PAUSE)
      const answer = await ask()
      if (answer !== undefined) return answer
    }
    return undefined
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

    async function look(options?: LateOptions): Promise<true | undefined> {
      const missing = askable.filter((key) => answers.get(key) === undefined)
      const found = await find(missing, options)
      for (const [index, answer] of found.entries()) answers.set(missing[index]!, answer)
      return askable.every((key) => answers.get(key) !== undefined) || undefined
    }

    const isComplete = askable.length === 0 || (await look())
    if (!isComplete && askable.length >= HERD) {
      await wait(claimOf(definition, askable), () => look({ isAwaited: true }))
    }
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
      const found = await stored.findAll()
      return found ?? (await wait('all', stored.findAll)) ?? (await source.all())
    }),
  }
}

/** The same for the same keys, in whatever order. */
function claimOf({ parts }: KeyDefinition, keys: readonly Key[]): string {
  const names = parts.map(({ name }) => name)
  return JSON.stringify([names, keys.map(({ json }) => json).sort()])
}
