import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { HeapResult } from '../heap/heap-run.ts'
import { frameworks } from '../support/frameworks/servers.ts'
import { runCommand } from '../support/package/command.ts'
import { testServerUrl } from '../support/server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The short form of test/heap/run.ts, in a process of its own. */
async function run(...options: readonly string[]) {
  const { code, output, errors } = await runCommand({
    program: process.execPath,
    args: ['--expose-gc', 'test/heap/run.ts', '--json', '--url', await testServerUrl(), ...options],
    cwd: root,
  })
  assert.ok(output, errors)
  return { code, result: JSON.parse(output) as HeapResult & { readonly flat: boolean } }
}

describe('requests that succeed, fail or are abandoned by their clients', () => {
  for (const framework of Object.keys(frameworks)) {
    it(`leave no scope open and nothing in the heap (${framework})`, async (t) => {
      const { code, result } = await run('--framework', framework, '--requests', '1500')
      const { samples, ...figures } = result
      t.diagnostic(JSON.stringify(figures))
      assert.deepEqual([code, result.flat, result.openScopes], [0, true, 0])
      for (const [outcome, count] of Object.entries(result.outcomes)) assert.ok(count > 0, outcome)
      assert.ok(samples.length > 0)
    })
  }

  it('are caught when they leave scopes behind', async (t) => {
    const { code, result } = await run('--framework', 'Fastify', '--requests', '600', '--leak')
    t.diagnostic(`${Math.round(result.bytesPerRequest)} bytes a request, ${result.openScopes} scopes`)
    assert.deepEqual([code, result.flat], [1, false])
    assert.ok(result.bytesPerRequest > 1000)
    assert.ok(result.openScopes > 1000)
  })
})
