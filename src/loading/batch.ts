import { batchChannel, loadChannel } from '../diagnostics/channels.ts'
import { BATCH_SIZE_BOUNDS } from '../diagnostics/stats.ts'
import type { LookupError } from '../errors.ts'
import type { Key } from '../keys/key.ts'
import {
  type Asker,
  createTimeLimit,
  isAwaited,
  ListAsker,
  LoneAsker,
  takeJoined,
  tooManyWaiting,
  Waiting,
  WaitingKeys,
} from './asker.ts'
import type { BatchOptions } from './batch-options.ts'
import { createBatchTrace } from './batch-trace.ts'
import { GATHER_LIMIT, isSlow, type SentBatch } from './sent-batch.ts'

/** Gathers keys from all callers of the process into few statements. */
export interface Batch<Answer> {
  load(key: Key): Promise<Answer>
  /**
   * Answers in the order of the keys once all of them are there; never rejects.
   * @param options.isDistinct whether no two of the keys have the same token
   */
  loadAll(
    keys: readonly Key[],
    options?: { readonly isDistinct?: boolean },
  ): Promise<readonly (Answer | Error)[]>
  /** The same when nobody waits: no call is counted. */
  loadAhead(keys: readonly Key[]): Promise<readonly (Answer | Error)[]>
  /** Calls back just before keys are sent, so that what a request has gathered goes with them. */
  beforeSending(gather: () => void): void
}

/** Whether a channel of calls or batches has subscribers. */
export function isHeard(): boolean {
  return loadChannel.hasSubscribers || batchChannel.hasSubscribers
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
  let gathered = new WaitingKeys<Answer>()
  let gatherers: (() => void)[] = []
  const limit = createTimeLimit<Answer>(options)
  let sent: readonly SentBatch<Answer>[] = []
  let scheduled = false
  let patience: NodeJS.Timeout | undefined

  function maySend(): boolean {
    if (gathered.all.length === 0 || sent.length >= maxInFlight) return false
    return sent.length === 0 || gathered.all.length >= maxBatchSize
  }

  function schedule(): void {
    if (scheduled) return
    if (gatherers.length > 0 || maySend()) {
      scheduled = true
      setImmediate(endTurn)
    } else if (gathered.all.length > 0 && sent.length < maxInFlight) {
      patience ??= setTimeout(losePatience, GATHER_LIMIT)
    }
  }

  /** Keys that joined a slow statement are sent again, with those that wait behind it. */
  function losePatience(): void {
    const slow = sent.filter(isSlow)
    // One that was sent less long ago by this clock, which timers do not go by, is looked at again.
    const isEarly = slow.length < sent.length
    for (const { keys } of slow) {
      for (const first of keys.all) for (const one of takeJoined(first)) gather(one)
    }
    sendNow()
    if (isEarly) patience ??= setTimeout(losePatience, GATHER_LIMIT)
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

  /** As many keys as fit into one statement. Those that nobody waits for any more are left out. */
  function takeBatch(): WaitingKeys<Answer> {
    const waiting = gathered.all.every(isAwaited) ? gathered : new WaitingKeys(gathered.all.filter(isAwaited))
    let room = options.maxBytes()
    for (let taken = 0; taken < waiting.all.length; taken++) {
      // A UTF-16 unit is at most three bytes of UTF-8, and a comma follows.
      room -= waiting.all[taken]!.key.json.length * 3 + 1
      if (taken < maxBatchSize && (room >= 0 || taken === 0)) continue
      gathered = new WaitingKeys(waiting.all.slice(taken))
      return new WaitingKeys(waiting.all.slice(0, taken))
    }
    gathered = new WaitingKeys()
    return waiting
  }

  async function sendBatch(keys: WaitingKeys<Answer>): Promise<void> {
    const { all } = keys
    if (all.length === 0) return
    const statement: SentBatch<Answer> = { fence: fence?.(), since: performance.now(), keys }
    sent = [...sent, statement]
    let answers: readonly (Answer | Error)[] | undefined
    let failure: Error | undefined
    try {
      answers = await send(all.map(({ key }) => key))
    } catch (error) {
      failure = asError(error)
    }
    sent = sent.filter((other) => other !== statement)
    for (let index = 0; index < all.length; index++) {
      settle(all[index]!, failure ?? (answers![index] as Answer | Error))
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

  /** @param isNew whether nothing that waits or is under way has the key */
  function gather(waiting: Waiting<Answer>, isNew = false): void {
    const { key } = waiting
    const alike = isNew ? undefined : gathered.get(key.token)
    const first = alike ?? (isNew ? undefined : underWay(key))
    waiting.joined = first !== alike
    if (first && (waiting.joined || !key.fresh)) {
      waiting.next = first.next
      first.next = waiting
    } else {
      // The first one's key is sent: one that only the server may answer comes before those that anybody may.
      waiting.next = first
      gathered.put(waiting, first)
    }
    if (waiting.joined) patience ??= setTimeout(losePatience, GATHER_LIMIT)
  }

  /** The key in a statement under way that may answer it. */
  function underWay({ token, fresh }: Key): Waiting<Answer> | undefined {
    if (!fence || sent.length === 0 || fresh) return undefined
    const now = fence()
    for (const one of sent.toReversed()) {
      const first = one.fence === now && !isSlow(one) ? one.keys.get(token) : undefined
      if (first) return first
    }
    return undefined
  }

  /** The error if there is no room for more keys. */
  function refusal(keys: number): LookupError | undefined {
    return gathered.all.length + keys > maxWaiting ? tooManyWaiting(options.what, maxWaiting) : undefined
  }

  function begin(asker: Asker<Answer>): void {
    limit.begin(asker)
    schedule()
  }

  function load(key: Key): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const full = refusal(1)
      if (full) return reject(full)
      const asker = new LoneAsker<Answer>(limit.due(), (answer) => {
        if (answer instanceof Error) reject(answer)
        else resolve(answer)
      })
      gather(new Waiting(key, asker, 0))
      begin(asker)
    })
  }

  function loadAll(keys: readonly Key[], isDistinct = false): Promise<readonly (Answer | Error)[]> {
    return new Promise((finish) => {
      const full = refusal(keys.length)
      if (full || keys.length === 0) return finish(keys.map(() => full!))
      const asker = new ListAsker<Answer>({ due: limit.due(), keys: keys.length, finish })
      const areNew = isDistinct && gathered.all.length === 0 && (!fence || sent.length === 0)
      for (let position = 0; position < keys.length; position++) {
        gather(new Waiting(keys[position]!, asker, position), areNew)
      }
      begin(asker)
    })
  }

  return {
    load(key) {
      counters.misses++
      return isHeard() ? trace.load(key, () => load(key)) : load(key)
    },
    loadAll(keys, { isDistinct = false } = {}) {
      counters.misses += keys.length
      if (!isHeard()) return loadAll(keys, isDistinct)
      return Promise.all(keys.map((key) => trace.load(key, () => load(key)).catch(asError)))
    },
    loadAhead: (keys) => loadAll(keys),
    beforeSending(gather) {
      gatherers.push(gather)
      schedule()
    },
  }
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure))
}
