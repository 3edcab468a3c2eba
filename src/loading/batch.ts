import { batchChannel, loadChannel } from '../diagnostics/channels.ts'
import { BATCH_SIZE_BOUNDS, type Counters } from '../diagnostics/stats.ts'
import type { Token } from '../keys/identity.ts'
import type { Key } from '../keys/key.ts'
import { Asker, createTimeLimit, isAwaited, takeJoined, tooManyWaiting, type Waiting } from './asker.ts'
import { type BatchTraceOptions, createBatchTrace } from './batch-trace.ts'

/** How the batches of one key definition are sent. */
export interface BatchOptions<Answer> extends BatchTraceOptions<Answer> {
  /** How long (ms) a key may take, whatever it waits for. */
  readonly timeout: number
  readonly counters: Counters
  /** More keys than this go in further statements. */
  readonly maxBatchSize: number
  /** How many keys may wait at a time. */
  readonly maxWaiting: number
  /** How many bytes of keys the server accepts in one statement. */
  maxBytes(): number
  /** How many statements may be under way at a time. */
  readonly maxInFlight: number
  /**
   * A value that stays the same for as long as a statement under way may also answer later callers, as a cache would.
   * Omitted if none ever may.
   */
  fence?(): unknown
  /** Whether an answer may be given to callers that asked while it was under way. */
  isShared?(answer: Answer): boolean
}

/** Gathers keys from all callers of the process into few statements. */
export interface Batch<Answer> {
  load(key: Key): Promise<Answer>
  /** Answers in the order of the keys once all of them are there; never rejects. */
  loadAll(keys: readonly Key[]): Promise<readonly (Answer | Error)[]>
  /** The same when nobody waits: no call is counted. */
  loadAhead(keys: readonly Key[]): Promise<readonly (Answer | Error)[]>
  /** Calls back just before keys are sent, so that what a request has gathered goes with them. */
  beforeSending(gather: () => void): void
}

/**
 * How long (ms) keys wait for the statement before theirs. It is far above a round trip: only a stuck connection
 * takes that long, and the keys behind it then go out on another one.
 */
const GATHER_LIMIT = 50

/** Whether a channel of calls or batches has subscribers. */
export function isHeard(): boolean {
  return loadChannel.hasSubscribers || batchChannel.hasSubscribers
}

/** A statement under way. */
interface Sent<Answer> {
  /** As it was when it was sent. */
  readonly fence: unknown
  readonly since: number
  readonly keys: ReadonlyMap<Token, Waiting<Answer>>
}

/**
 * Keys are sent at the end of the event-loop turn. Keys asked while a statement is under way are gathered for the next
 * one, unless they fill a batch or have waited too long; a key already in that statement takes its answer if a cache
 * could have given it. Otherwise it is sent again: the caller may have written the row meanwhile.
 */
export function createBatch<Answer>(options: BatchOptions<Answer>): Batch<Answer> {
  const { counters, maxBatchSize, maxInFlight, maxWaiting, fence, isShared } = options
  const trace = createBatchTrace(options)
  // By token: spellings that the server cannot tell apart are sent once. A new one for each batch, see TimeLimit.
  let gathered = new Map<Token, Waiting<Answer>>()
  let gatherers: (() => void)[] = []
  const limit = createTimeLimit<Answer>(options)
  let sent: readonly Sent<Answer>[] = []
  let scheduled = false
  let patience: NodeJS.Timeout | undefined

  function maySend(): boolean {
    if (gathered.size === 0 || sent.length >= maxInFlight) return false
    return sent.length === 0 || gathered.size >= maxBatchSize
  }

  function schedule(): void {
    if (scheduled) return
    if (gatherers.length > 0 || maySend()) {
      scheduled = true
      setImmediate(endTurn)
    } else if (gathered.size > 0 && sent.length < maxInFlight) {
      patience ??= setTimeout(losePatience, GATHER_LIMIT)
    }
  }

  /** Keys that joined a slow statement are sent again, with those that wait behind it. */
  function losePatience(): void {
    for (const statement of sent) {
      if (isSlow(statement))
        for (const first of statement.keys.values()) for (const one of takeJoined(first)) gather(one)
    }
    sendNow()
  }

  function endTurn(): void {
    const gathering = gatherers
    gatherers = []
    // Still scheduled: what is gathered here is sent below.
    for (const gather of gathering) gather()
    scheduled = false
    if (maySend()) sendNow()
    else schedule()
  }

  function sendNow(): void {
    clearTimeout(patience)
    patience = undefined
    if (sent.length < maxInFlight) void sendBatch(takeBatch())
    schedule()
  }

  function takeBatch(): Map<Token, Waiting<Answer>> {
    const waiting = gathered
    let room = options.maxBytes()
    let taken = 0
    for (const [token, { key }] of waiting) {
      // A UTF-16 unit is at most three bytes of UTF-8, and a comma follows.
      room -= key.json.length * 3 + 1
      if (taken === maxBatchSize || (room < 0 && taken > 0)) return takeFirst(taken)
      if (isAwaited(waiting.get(token)!)) taken++
      else waiting.delete(token)
    }
    gathered = new Map()
    return waiting
  }

  function takeFirst(count: number): Map<Token, Waiting<Answer>> {
    const first = new Map<Token, Waiting<Answer>>()
    for (const [token, waiting] of gathered) {
      if (first.size === count) break
      first.set(token, waiting)
      gathered.delete(token)
    }
    return first
  }

  async function sendBatch(keys: ReadonlyMap<Token, Waiting<Answer>>): Promise<void> {
    if (keys.size === 0) return
    const statement: Sent<Answer> = { fence: fence?.(), since: performance.now(), keys }
    sent = [...sent, statement]
    const batch = [...keys.values()]
    let answers: readonly (Answer | Error)[] | undefined
    let failure: Error | undefined
    try {
      answers = await send(batch.map(({ key }) => key))
    } catch (error) {
      failure = asError(error)
    }
    sent = sent.filter((other) => other !== statement)
    for (let index = 0; index < batch.length; index++) {
      settle(batch[index]!, failure ?? (answers![index] as Answer | Error))
    }
    schedule()
  }

  function send(keys: readonly Key[]): Promise<readonly (Answer | Error)[]> {
    const within = BATCH_SIZE_BOUNDS.findIndex((bound) => keys.length <= bound)
    counters.batches++
    counters.batchesBySize[within === -1 ? BATCH_SIZE_BOUNDS.length : within]!++
    return batchChannel.hasSubscribers ? trace.send(keys) : options.send(keys, undefined)
  }

  function settle(first: Waiting<Answer>, answer: Answer | Error): void {
    for (let one: Waiting<Answer> | undefined = first; one; ) {
      const { next }: Waiting<Answer> = one
      if (one.joined && !(answer instanceof Error) && isShared?.(answer) === false) gather(one)
      else if (one.asker.answer(one.position, answer)) limit.done()
      one = next
    }
  }

  function gather(waiting: Waiting<Answer>): void {
    const { key } = waiting
    const first = gathered.get(key.token) ?? underWay(key)
    waiting.joined = first !== undefined && !gathered.has(key.token)
    if (first && (waiting.joined || !key.fresh)) {
      waiting.next = first.next
      first.next = waiting
    } else {
      // The first one's key is sent: one that only the server may answer comes before those that anybody may.
      waiting.next = first
      gathered.set(key.token, waiting)
    }
    if (waiting.joined) patience ??= setTimeout(losePatience, GATHER_LIMIT)
  }

  /** The key in a statement under way that may answer it. */
  function underWay({ token, fresh }: Key): Waiting<Answer> | undefined {
    if (!fence || sent.length === 0 || fresh) return undefined
    const now = fence()
    return sent.findLast((one) => one.fence === now && one.keys.has(token) && !isSlow(one))?.keys.get(token)
  }

  function ask(keys: readonly Key[], finish: (answers: readonly (Answer | Error)[]) => void): void {
    if (gathered.size + keys.length > maxWaiting) {
      const error = tooManyWaiting(options.what, maxWaiting)
      finish(keys.map(() => error))
      return
    }
    const asker = new Asker<Answer>({ due: limit.due(), keys: keys.length, finish })
    for (let position = 0; position < keys.length; position++) {
      gather({ key: keys[position]!, asker, position, joined: false, next: undefined })
    }
    limit.begin(asker)
    schedule()
  }

  function load(key: Key): Promise<Answer> {
    return new Promise((resolve, reject) => {
      ask([key], ([answer]) => (answer instanceof Error ? reject(answer) : resolve(answer as Answer)))
    })
  }

  function loadAll(keys: readonly Key[]): Promise<readonly (Answer | Error)[]> {
    return new Promise((resolve) => {
      if (keys.length === 0) resolve([])
      else ask(keys, resolve)
    })
  }

  return {
    load(key) {
      counters.misses++
      return isHeard() ? trace.load(key, () => load(key)) : load(key)
    },
    loadAll(keys) {
      counters.misses += keys.length
      if (!isHeard()) return loadAll(keys)
      return Promise.all(keys.map((key) => trace.load(key, () => load(key)).catch(asError)))
    },
    loadAhead: loadAll,
    beforeSending(gather) {
      gatherers.push(gather)
      schedule()
    },
  }
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure))
}

function isSlow({ since }: { readonly since: number }): boolean {
  return performance.now() - since >= GATHER_LIMIT
}
