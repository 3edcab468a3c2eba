/**
 * Runs the tests once for each server: those of TEST_DATABASE_URLS and the embedded one, whose place DATABASE_URL takes
 * when it is set. Commas separate the servers; those that are alike and share the files are separated by blanks.
 *
 *     node test/run.ts [FILE …] [--test-name-pattern PATTERN] [--test-skip-pattern PATTERN] [--test-only]
 *
 * The first MariaDB and the first MySQL run every file that asks a server. A further one runs those whose answers may
 * differ between versions: neither tests that start servers of their own, nor those of rooms that send no statements
 * (`support/runner/server-use.ts` knows both). What asks no server runs once.
 *
 * A few files run side by side. Each has a server for itself meanwhile, because tests read counters that belong to the
 * whole server: there are several embedded servers where no others are given. Since files wait for servers and processes too,
 * there is one more of them than the machine has processors. The output is in the order of the files.
 *
 * | test | |
 * |---|---|
 * | a room of src | what a source file, or several of the room together, do for users |
 * | `examples/`, `project/` | the examples; documents, package, figures, the repository's own rules and its tests |
 * | `types/` | compiled only |
 * | `history/`, `heap/` | programs that tests run in processes of their own, and people for longer; the history checker's own tests |
 * | `file-systems/` | what needs mounts, which not every machine may make; run by itself |
 * | `compatibility/`, `adoption/` | packages of their own: peers to try the packed package with, the shop of the guide |
 * | `support/` | helpers; a folder of it is for the tests of one topic, what lies beside them is for all |
 *
 * What a helper opens it hands to `closedAfterFile`, so that a failed test leaves nothing open.
 */
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { ServerVersion } from '../src/database/server-version.ts'
import { startEmbeddedServer } from './support/embedded-server.ts'
import { runLanes } from './support/runner/lanes.ts'
import { createRound, type FileTime, type Round } from './support/runner/round.ts'
import { serverUse } from './support/runner/server-use.ts'
import { identifyServer, NO_SERVER } from './support/server.ts'
import { createTemporaryFolder } from './support/temporary-folder.ts'

/** They measure the heap and what reads cost, which neighbours would disturb. */
const ALONE = ['test/frameworks/heap.test.ts', 'test/project/cost.test.ts']
const SIDE_BY_SIDE = Math.min(4, availableParallelism() + 1)
/** How many files the run says the time of. */
const SLOWEST = 10

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
const others = TEST_DATABASE_URLS.split(',')
  .map((urls) => urls.split(/\s+/).filter((url) => url !== ''))
  .filter((urls) => urls.length > 0)

interface Target {
  readonly name: string
  /** Of servers that are the same. */
  readonly urls: readonly string[]
  /** An error where the server was not reached, undefined where none is needed. */
  readonly identity: ServerVersion | Error | undefined
}

const began = performance.now()
await using resources = new AsyncDisposableStack()
// Processes of the run start with the modules that others have compiled, which is half of what starting one costs.
process.env.NODE_COMPILE_CACHE ??= resources.use(await createTemporaryFolder('compiled')).path

const withoutServer = chosen.filter((file) => serverUse(file) === 'none')
const withServer = chosen.filter((file) => serverUse(file) !== 'none')
const targets = await findTargets()
const planned = targets.map((target) => ({ title: titleOf(target), round: roundOf(target) }))
const rounds = planned.flatMap(({ round }) => round ?? [])
const [, { passed, failed, summaries, times }] = await Promise.all([runAll(), printAll()])

console.log(`\n${summaries.join('\n')}`)
if (others.length === 0) console.log('set TEST_DATABASE_URLS to add other servers')
if (times.length > SLOWEST) {
  const slowest = times.sort((one, other) => other.seconds - one.seconds).slice(0, SLOWEST)
  console.log(`the slowest files:\n${slowest.map(timeText).join('\n')}`)
}
console.log(`${chosen.length} files in ${Math.round((performance.now() - began) / 1000)} s`)
console.log(`${passed} passed, ${failed} failed`)
// No test at all is a mistake too.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

async function findTargets(): Promise<Target[]> {
  const found: Target[] = []
  if (withServer.length > 0) {
    const first = DATABASE_URL
      ? { name: 'the server of DATABASE_URL', urls: [DATABASE_URL] }
      : { name: 'the embedded server', urls: await startEmbedded() }
    const named = others.map((urls) => ({ name: 'a server of TEST_DATABASE_URLS', urls }))
    for (const { name, urls } of [first, ...named]) {
      found.push({ name, urls, identity: await identify(urls).catch((error: Error) => error) })
    }
  }
  // Last, as it is run: other files have more left for each server.
  if (withoutServer.length > 0) {
    const urls = Array.from({ length: SIDE_BY_SIDE }, () => NO_SERVER)
    found.push({ name: 'without a server', urls, identity: undefined })
  }
  return found
}

async function identify(urls: readonly string[]): Promise<ServerVersion> {
  const [first, ...others] = await Promise.all(urls.map(identifyServer))
  const other = others.find(({ version }) => version !== first!.version)
  if (other) throw new Error(`expected servers that are alike, found ${first!.version} and ${other.version}`)
  return first!
}

/** One for each file that runs at a time; beside other servers, no more than there are others of a kind. */
async function startEmbedded(): Promise<string[]> {
  const count = others.length === 0 ? SIDE_BY_SIDE : Math.max(...others.map((urls) => urls.length))
  const urls: string[] = []
  do urls.push(resources.use(await startEmbeddedServer()).url)
  while (urls.length < Math.min(count, withServer.length))
  return urls
}

function titleOf({ name, identity }: Target): string {
  if (!identity) return name
  if (identity instanceof Error)
    return `${name}: not reached: ${identity.message || Reflect.get(identity, 'code')}`
  return `${identity.system} ${identity.version} (${name})`
}

function roundOf(target: Target): Round | undefined {
  if (target.identity instanceof Error) return
  const files = filesFor(target)
  return createRound({
    urls: target.urls,
    files: files.filter((file) => !isAlone(file)),
    alone: files.filter(isAlone),
    filters,
  })
}

function filesFor(target: Target): readonly string[] {
  const systemOf = ({ identity }: Target) => identity && Reflect.get(identity, 'system')
  if (!target.identity) return withoutServer
  const isFirst = targets.find((other) => systemOf(other) === systemOf(target)) === target
  return isFirst ? withServer : withServer.filter((file) => serverUse(file) === 'version')
}

async function runAll(): Promise<void> {
  await runLanes(
    rounds.flatMap(({ lanes }) => lanes),
    SIDE_BY_SIDE,
  )
  for (const round of rounds) await round.runAlone()
}

async function printAll() {
  const result = {
    passed: 0,
    failed: 0,
    summaries: [] as string[],
    times: [] as (FileTime & { on: string })[],
  }
  for (const { round, title } of planned) {
    if (!round) {
      result.summaries.push(title)
      result.failed++
      continue
    }
    console.log(`\n${title}\n`)
    const { passed, failed, times } = await round.print()
    result.summaries.push(`${title}: ${passed} passed, ${failed} failed, ${times.length} files`)
    result.passed += passed
    result.failed += failed
    result.times.push(...times.map((time) => ({ ...time, on: title.split(' (')[0]! })))
  }
  return result
}

function timeText({ file, seconds, on }: FileTime & { readonly on: string }): string {
  return `${Math.round(seconds).toString().padStart(5)} s  ${file} (${on})`
}
