/** Makes and drops request scopes over forty tables: nanoseconds per scope. */
import { AsyncLocalStorage } from 'node:async_hooks'
import DataLoader from 'dataloader'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { openSmallTables, type SmallTables } from '../sides/small-tables.ts'
import { SMALL_TABLES } from '../small-tables.ts'
import { startStopwatch } from '../stopwatch.ts'

export interface ScopeOptions {
  readonly [name: string]: string | number | boolean
  /** One of {@link WAYS}. */
  readonly way: string
  /** How many tables a request reads. */
  readonly touched: number
  readonly scopes: number
}

type Request = (tables: SmallTables, touched: number) => unknown

const KEY = 1
const storage = new AsyncLocalStorage<object>()
let kept: unknown

/** What a request does, by way: it makes its scope and reads one row of each table that it touches. */
const WAYS: Record<string, Request> = {
  'als.run': () => storage.run({}, nothing),
  $request: ({ repos, repositories }, touched) =>
    touched === 0
      ? repos.$request(nothing)
      : repos.$request(() => all(touched, (index) => repositories[index]!.findByKey(KEY))),
  $forRequest({ repos }, touched) {
    const scope = repos.$forRequest()
    kept = scope
    if (touched > 0) return all(touched, (index) => scope.$table(SMALL_TABLES[index]!).findByKey(KEY))
  },
  'eager DataLoaders'({ loaders }, touched) {
    const made = SMALL_TABLES.map((_, index) => new DataLoader(loaders[index]!))
    kept = made
    if (touched > 0) return all(touched, (index) => made[index]!.load(KEY))
  },
  'lazy DataLoaders'({ loaders }, touched) {
    const made = new Map<string, DataLoader<number, unknown>>()
    kept = made
    if (touched > 0) {
      return all(touched, (index) => {
        const name = SMALL_TABLES[index]!
        let loader = made.get(name)
        if (!loader) {
          loader = new DataLoader(loaders[index]!)
          made.set(name, loader)
        }
        return loader.load(KEY)
      })
    }
  },
}

export async function prepare(task: Task): Promise<Measured> {
  const { way, touched, scopes } = task.options as ScopeOptions
  const tables = await openSmallTables(task.url)
  const request = WAYS[way]!
  return {
    async round() {
      const times = startStopwatch()
      if (touched === 0) for (let scope = 0; scope < scopes; scope++) request(tables, 0)
      else for (let scope = 0; scope < scopes; scope++) await request(tables, touched)
      const { wall, cpu } = times()
      return { nanoseconds: wall / scopes, cpu: cpu / scopes, kept: kept === undefined ? 0 : 1 }
    },
    close: () => tables.close(),
  }
}

function nothing(): void {}

function all(touched: number, read: (index: number) => Promise<unknown>): Promise<unknown> {
  const reads: Promise<unknown>[] = []
  for (let index = 0; index < touched; index++) reads.push(read(index))
  return Promise.all(reads)
}
