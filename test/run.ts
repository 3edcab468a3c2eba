/**
 * Runs the tests once for each server: those of TEST_DATABASE_URLS (comma-separated) and the embedded
 * one, whose place DATABASE_URL takes when it is set.
 *
 *     node test/run.ts [FILE …] [--test-name-pattern PATTERN] [--test-skip-pattern PATTERN] [--test-only]
 */
import { globSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { parseArgs } from 'node:util'
import { startEmbeddedServer } from './support/embedded-server.ts'
import { identifyServer } from './support/server.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'test-name-pattern': { type: 'string', multiple: true },
    'test-skip-pattern': { type: 'string', multiple: true },
    'test-only': { type: 'boolean' },
  },
})
const files = positionals.length > 0 ? positionals : globSync('test/**/*.test.ts').sort()

// A test sees the one server it runs on: what it finds in the user's environment must not decide.
const { DATABASE_URL, TEST_DATABASE_URLS = '' } = process.env
delete process.env.DATABASE_URL
delete process.env.TEST_DATABASE_URLS

const others = TEST_DATABASE_URLS.split(',').flatMap((url) => url.trim() || [])
const summaries: string[] = []
let passed = 0
let failed = 0

if (DATABASE_URL) await testOn({ url: DATABASE_URL, name: 'the server of DATABASE_URL' })
else {
  await using server = await startEmbeddedServer()
  await testOn({ url: server.url, name: 'the embedded server' })
}
for (const url of others) await testOn({ url, name: 'a server of TEST_DATABASE_URLS' })

console.log(`\n${summaries.join('\n')}`)
if (others.length === 0) {
  const place = DATABASE_URL ? 'the server of DATABASE_URL' : 'the embedded server'
  console.log(`ran on ${place} alone; set TEST_DATABASE_URLS to add others`)
}
console.log(`${passed} passed, ${failed} failed`)
// No test at all is a mistake too.
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

async function testOn(options: { readonly url: string; readonly name: string }): Promise<void> {
  const { url, name } = options
  const identity = await identifyServer(url).catch((error: Error) => error)
  if (identity instanceof Error) {
    summaries.push(`${name}: not reached: ${identity.message || Reflect.get(identity, 'code')}`)
    failed++
    return
  }
  const title = `${identity.flavor} ${identity.version} (${name})`
  console.log(`\n${title}\n`)
  process.env.TEST_SERVER_URL = url
  const counts = await runFiles()
  summaries.push(`${title}: ${counts.passed} passed, ${counts.failed} failed`)
  passed += counts.passed
  failed += counts.failed
}

/** One file at a time: tests read counters that belong to the whole server. */
async function runFiles(): Promise<{ passed: number; failed: number }> {
  const counts = { passed: 0, failed: 0 }
  const events = run({
    files,
    concurrency: 1,
    isolation: 'process',
    timeout: 600_000, // of a file
    only: values['test-only'],
    testNamePatterns: values['test-name-pattern'],
    testSkipPatterns: values['test-skip-pattern'],
  })
  events.on('test:summary', (summary) => {
    if (summary.file !== undefined) return // the sum of all files comes last
    const { tests, passed, skipped, todo } = summary.counts
    counts.passed = passed
    counts.failed = tests - passed - skipped - todo // a cancelled test is a failed one
    if (!summary.success && counts.failed === 0) counts.failed = 1
  })
  const report = events.compose(new spec())
  report.pipe(process.stdout, { end: false })
  await finished(report)
  return counts
}
