/**
 * Runs the tests once for each server: those of TEST_DATABASE_URLS (comma-separated) and the embedded
 * one, whose place DATABASE_URL takes when it is set.
 *
 *     node test/run.ts [FILE …] [--test-name-pattern PATTERN] [--test-skip-pattern PATTERN] [--test-only]
 *
 * Two files run side by side. Each has a server for itself meanwhile, because tests read counters that belong to the
 * whole server: there are two embedded servers where no others are given. A file that asks no server runs once, with the
 * first one. The output is in the order of the files.
 *
 * | test | |
 * |---|---|
 * | a room of src | what a source file, or several of the room together, do for users |
 * | `examples/`, `project/` | the examples; documents, package, figures, the repository's own rules and its tests |
 * | `types/` | compiled only |
 * | `history/`, `heap/` | programs that tests run in processes of their own, and people for longer |
 * | `file-systems/` | what needs mounts, which not every machine may make; run by itself |
 * | `compatibility/`, `adoption/` | packages of their own: peers to try the packed package with, the shop of the guide |
 * | `support/` | helpers; a folder of it is for the tests of one topic, what lies beside them is for all |
 *
 * What a helper opens it hands to `closedAfterFile`, so that a failed test leaves nothing open.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { startEmbeddedServer } from './support/embedded-server.ts'
import { createRound, type Round } from './support/runner/round.ts'
import { usesServer } from './support/runner/server-use.ts'
import { createSlots } from './support/runner/slots.ts'
import { identifyServer } from './support/server.ts'

/** They measure the heap and what reads cost, which neighbours would disturb. */
const ALONE = ['test/frameworks/heap.test.ts', 'test/project/cost.test.ts']
const SIDE_BY_SIDE = Math.min(2, availableParallelism())

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'test-name-pattern': { type: 'string', multiple: true },
    'test-skip-pattern': { type: 'string', multiple: true },
    'test-only': { type: 'boolean' },
  },
})
const chosen = positionals.length > 0 ? positionals : globSync('test/**/*.test.ts').sort()
const isAlone = (file: string) => ALONE.some((name) => file.endsWith(name))
const filters = {
  only: values['test-only'] ?? false,
  namePatterns: values['test-name-pattern'] ?? [],
  skipPatterns: values['test-skip-pattern'] ?? [],
}

// A test sees the one server it runs on: what it finds in the user's environment must not decide.
const { DATABASE_URL, TEST_DATABASE_URLS = '' } = process.env
delete process.env.DATABASE_URL
delete process.env.TEST_DATABASE_URLS
const others = TEST_DATABASE_URLS.split(',').flatMap((url) => url.trim() || [])

interface Target {
  readonly name: string
  /** Undefined where the server was not reached; `title` says why. */
  readonly round: Round | undefined
  readonly title: string
}

const began = performance.now()
await using embedded = new AsyncDisposableStack()
const targets = [
  DATABASE_URL
    ? await targetOf('the server of DATABASE_URL', { urls: [DATABASE_URL], files: chosen })
    : await targetOf('the embedded server', { urls: await startEmbedded(), files: chosen }),
  ...(await Promise.all(
    others.map((url) =>
      targetOf('a server of TEST_DATABASE_URLS', { urls: [url], files: chosen.filter(usesServer) }),
    ),
  )),
]
const rounds = targets.flatMap(({ round }) => round ?? [])
const [, { passed, failed, summaries }] = await Promise.all([runAll(), printAll()])

console.log(`\n${summaries.join('\n')}`)
if (others.length === 0) {
  console.log(`ran on ${targets[0]!.name} alone; set TEST_DATABASE_URLS to add others`)
}
console.log(`${chosen.length} files in ${Math.round((performance.now() - began) / 1000)} s`)
console.log(`${passed} passed, ${failed} failed`)
// No test at all is a mistake too.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

async function startEmbedded(): Promise<string[]> {
  const count = others.length === 0 ? Math.min(SIDE_BY_SIDE, chosen.length) : 1
  const urls: string[] = []
  do urls.push(embedded.use(await startEmbeddedServer()).url)
  while (urls.length < count)
  return urls
}

async function targetOf(
  name: string,
  { urls, files }: { readonly urls: readonly string[]; readonly files: readonly string[] },
): Promise<Target> {
  const identity = await identifyServer(urls[0]!).catch((error: Error) => error)
  if (identity instanceof Error) {
    const why = identity.message || Reflect.get(identity, 'code')
    return { name, round: undefined, title: `${name}: not reached: ${why}` }
  }
  const title = `${identity.system} ${identity.version} (${name})`
  const round = createRound({
    urls,
    files: files.filter((file) => !isAlone(file)),
    alone: files.filter(isAlone),
    filters,
  })
  return { name, round, title }
}

async function runAll(): Promise<void> {
  const slots = createSlots(SIDE_BY_SIDE)
  await Promise.all(rounds.map((round) => round.runTogether(slots)))
  for (const round of rounds) await round.runAlone()
}

async function printAll(): Promise<{ passed: number; failed: number; summaries: string[] }> {
  const result = { passed: 0, failed: 0, summaries: [] as string[] }
  for (const { round, title } of targets) {
    if (!round) {
      result.summaries.push(title)
      result.failed++
      continue
    }
    console.log(`\n${title}\n`)
    const counts = await round.print()
    result.summaries.push(`${title}: ${counts.passed} passed, ${counts.failed} failed`)
    result.passed += counts.passed
    result.failed += counts.failed
  }
  return result
}
