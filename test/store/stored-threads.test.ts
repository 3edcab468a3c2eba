import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { type Lookups, lookups, numbered } from '../support/lookups.ts'
import { guard, readAndEnd, storeFolder } from '../support/store/stored-lookups.ts'

const THREADS = 8
const ROWS = 2_000

describe('worker threads over one store', () => {
  let data: Lookups
  let folder: Awaited<ReturnType<typeof storeFolder>>

  before(async () => {
    data = await lookups(numbered('item', ROWS))
    await guard(data, { tracked: ['item'] })
    folder = await storeFolder()
  })
  after(async () => {
    await folder[Symbol.asyncDispose]()
    await data[Symbol.asyncDispose]()
  })

  /** What the thread has read, and by how many statements. */
  async function runThread(
    first: number,
  ): Promise<{ readonly rows: unknown[]; readonly statements: number }> {
    const worker = new Worker(new URL('../support/store/reading-thread.ts', import.meta.url), {
      workerData: { url: data.test.url, path: folder.path, tables: data.tables, first, rows: ROWS },
    })
    // Both may come in one turn.
    const exit = once(worker, 'exit')
    const [answer] = await once(worker, 'message')
    await exit
    return answer
  }

  it('read what one of them has stored, all at once, and end', async () => {
    const direct = await readAndEnd(data.repositories(), (repos) =>
      repos.item!.findByKeys(Array.from({ length: ROWS }, (_, index) => index + 1)),
    )
    const first = await runThread(0)
    assert.deepEqual(first.rows, direct)
    assert.ok(first.statements > 0)
    const others = await Promise.all(Array.from({ length: THREADS }, (_, thread) => runThread(thread * 7)))
    for (const { rows, statements } of others) {
      assert.deepEqual(rows, direct)
      assert.equal(statements, 0)
    }
  })
})
