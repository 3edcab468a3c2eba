import type { HeldAnswers } from '../cache/generation.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { Key } from '../keys/key.ts'
import type { Row } from '../rows/row.ts'
import { answerOf, arrivalOf, Remembered } from '../scope/scope-loader.ts'
import type { TableScope } from '../scope/table-scope.ts'
import { isHeard } from './batch.ts'
import { withCaller } from './batch-trace.ts'
import type { TableStore } from './table-store.ts'
import type { TableBatches } from './way-of-a-key.ts'

/** The steps on the way of a key that a list of keys takes too. */
export interface KeySteps {
  readonly counters: Counters
  readonly stored: TableStore | undefined
  readonly batches: Pick<TableBatches, 'rowsBy'>
  find(key: Key, scope: TableScope | undefined): Promise<Row | undefined>
  /** What the request remembers. */
  recall(key: Key, scope: TableScope): Remembered<Row | undefined> | undefined
  /** What the process has, or its store. */
  findHeld(key: Key, scope: TableScope | undefined): Promise<Row | undefined> | undefined
  /** What the process may answer. */
  current(): HeldAnswers | undefined
}

/** Finds rows in the order of keys: what nothing holds is one load for all of them. */
export type FindList = (keys: readonly Key[], scope: TableScope | undefined) => Promise<(Row | undefined)[]>

/** @see FindList */
export function createFindList(steps: KeySteps): FindList {
  const { counters, stored, batches, find, recall, findHeld, current } = steps

  /** Outside scopes, where nothing is remembered for each key, all keys share one promise. */
  async function findTogether(keys: readonly Key[]): Promise<(Row | undefined)[]> {
    const generation = current()
    /** Where the keys are that nothing holds. */
    let missing: number[] = []
    const rows = keys.map((key, at) => {
      const entry = generation?.find(key)
      if (!entry && !generation?.isAbsent(key)) missing.push(at)
      return entry?.row
    })
    counters.hits += keys.length - missing.length
    if (stored) {
      missing = missing.filter((at) => {
        const answer = stored.find(keys[at]!, generation)
        if (answer) rows[at] = answer.row
        return answer === undefined
      })
    }
    if (missing.length === 0) return rows
    const asked = missing.map((at) => (isHeard() ? withCaller(keys[at]!) : keys[at]!))
    const loaded = await batches.rowsBy(asked[0]!.definition).loadAll(asked)
    for (let index = 0; index < missing.length; index++) {
      const entry = loaded[index]
      if (entry instanceof Error) throw entry
      rows[missing[index]!] = entry?.row
    }
    return rows
  }

  /** In a scope, of each definition. */
  async function findInScope(keys: readonly Key[], scope: TableScope): Promise<(Row | undefined)[]> {
    const remembered: Remembered<Row | undefined>[] = []
    const answers = keys.map((key) => {
      let one = recall(key, scope)
      if (!one) {
        const held = findHeld(key, scope)
        if (held) return held
        one = scope.load(isHeard() ? withCaller(key) : key)
      }
      remembered.push(one)
      return one
    })
    if (remembered.length > 0) await arrivalOf(remembered)
    const rows = answers.map((one) => (one instanceof Remembered ? answerOf(one) : one))
    return remembered.length === rows.length ? (rows as (Row | undefined)[]) : Promise.all(rows)
  }

  return async (keys, scope) => {
    if (scope) return findInScope(keys, scope)
    const together = keys.every(({ definition }) => definition === keys[0]!.definition)
    return together ? findTogether(keys) : Promise.all(keys.map((key) => find(key, undefined)))
  }
}
