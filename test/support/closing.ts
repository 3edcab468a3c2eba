/**
 * Closes what a test file has opened, when its tests are over. Helpers of `test/support` register what they open here:
 * a test that fails leaves its last lines out, and a connection that stays open keeps the process from ending.
 *
 * `test/run.ts` loads this file before each test file. A process that something else keeps is ended after a few
 * seconds and counts as failed.
 */
import { after } from 'node:test'

/** How long (ms) closing may take, and how long the process may last afterwards. */
const CLOSING = 180_000
const PATIENCE = 10_000
const open = new Set<AsyncDisposable>()

/** Closes the resource at the end of the file, unless it is closed before. It is closed only once. */
export function closedAfterFile<Resource extends AsyncDisposable>(resource: Resource): Resource {
  const close = resource[Symbol.asyncDispose].bind(resource)
  let closed: Promise<void> | undefined
  open.add(resource)
  return Object.defineProperty(resource, Symbol.asyncDispose, {
    value() {
      open.delete(resource)
      closed ??= Promise.resolve(close())
      return closed
    },
  })
}

// Programs that use helpers of test/support have no test runner.
if (process.argv[1]?.endsWith('.test.ts')) after(closeAll)

/** The last one first: it may need those before it. */
async function closeAll(): Promise<void> {
  const closing = setTimeout(giveUp, CLOSING).unref()
  for (const resource of [...open].reverse()) await resource[Symbol.asyncDispose]()
  clearTimeout(closing)
  setTimeout(giveUp, PATIENCE).unref()
}

function giveUp(): void {
  console.error(
    `The file's tests are over, and this is still open: ${process.getActiveResourcesInfo().join(', ')}`,
  )
  process.exit(1)
}
