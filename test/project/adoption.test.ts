import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { lineDiff } from '../../src/cli/line-diff.ts'
import { guideSteps } from '../support/adoption/guide.ts'
import { createProject, type Project } from '../support/adoption/project.ts'
import { startShop } from '../support/adoption/shop-process.ts'
import { openStatementLog, type StatementLog } from '../support/adoption/statement-log.ts'
import { packPackage } from '../support/package/pack.ts'
import { createTestDatabase } from '../support/server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const guide = await readFile(join(root, 'docs/getting-started.md'), 'utf8')

const GENERATED = 'src/database.ts'
const MIGRATION = 'migrations/0003_lookup_versions.ts'

describe('a service with N+1 queries that follows docs/getting-started.md, and nothing else', () => {
  it('changes fewer than 40 lines, sends a few statements in place of many, and answers the same', async (t) => {
    await using database = await createTestDatabase({ name: 'shop' })
    await using tarball = await packedPackage()
    await using shop = await createProject({
      template: join(root, 'test/adoption/shop'),
      databaseUrl: database.url,
      tarballs: { 'kysely-lookup': tarball.file },
    })
    await using log = await openStatementLog(database.url)
    await shop.run('npm install')
    await shop.run('npm run migrate')
    await shop.run('npm run check')
    const filesBefore = await shop.files()
    const before = await measure({ shop, log, url: database.url })

    for (const step of guideSteps(guide)) await shop.follow(step)

    const changes = changesBetween(filesBefore, await shop.files())
    const after = await measure({ shop, log, url: database.url })

    t.diagnostic(changes.byHand.map(({ diff }) => diff).join(''))
    t.diagnostic(report({ changes, before, after }))
    assert.equal(after.body, before.body)
    assert.equal(JSON.parse(after.body).length, 20)
    assert.ok(sum(changes.byHand) < 40, `${sum(changes.byHand)} lines`)
    assert.deepEqual(
      changes.others.map(({ file }) => file),
      [MIGRATION, 'package.json', GENERATED],
    )
    // A page, and three lookups for each of its purchases, and two for each of their lines.
    const lines = JSON.parse(before.body).flatMap(({ products }: { products: string[] }) => products).length
    assert.equal(before.first.length, 1 + 20 * 3 + lines * 2)
    assert.equal(before.next.length, before.first.length)
    // The page, and one for each of five tables; then the page, and its lines, which are not kept in the process.
    assert.equal(after.first.length, 6, after.first.join('\n'))
    assert.equal(after.next.length, 2, after.next.join('\n'))
    assert.ok(guide.includes(report({ changes, before, after })), 'the guide shows this outcome')
  })
})

interface Measured {
  readonly body: string
  /** The statements of the first request of a process, and of the next one. */
  readonly first: readonly string[]
  readonly next: readonly string[]
}

async function measure(options: {
  readonly shop: Project
  readonly log: StatementLog
  readonly url: string
}): Promise<Measured> {
  await using process = await startShop(options.shop, options.url)
  const bodies = new Set<string>()
  const request = async () => bodies.add(await process.purchases())
  const first = await options.log.during(request)
  const next = await options.log.during(request)
  const [body = '', ...others] = bodies
  assert.deepEqual(others, [])
  return { body, first, next }
}

interface Change {
  readonly file: string
  readonly added: number
  readonly removed: number
  readonly diff: string
}

interface Changes {
  readonly byHand: readonly Change[]
  /** Generated, new migrations, and what npm does. */
  readonly others: readonly Change[]
}

function changesBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Changes {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort()
  const changes = names
    .filter((file) => before.get(file) !== after.get(file))
    .map((file) => {
      const diff = lineDiff({ name: file, current: before.get(file) ?? '', wanted: after.get(file) ?? '' })
      const marked = (mark: string) =>
        diff
          .split('\n')
          .slice(2)
          .filter((line) => line.startsWith(mark)).length
      return { file, added: marked('+'), removed: marked('-'), diff: diff.replaceAll(' (generated)\n', '\n') }
    })
  const others = new Set([MIGRATION, GENERATED, 'package.json'])
  return {
    byHand: changes.filter(({ file }) => !others.has(file)),
    others: changes.filter(({ file }) => others.has(file)),
  }
}

function sum(changes: readonly Change[]): number {
  return changes.reduce((total, { added, removed }) => total + added + removed, 0)
}

function report(options: {
  readonly changes: Changes
  readonly before: Measured
  readonly after: Measured
}): string {
  const { changes, before, after } = options
  const change = ({ file, added, removed }: Change) =>
    `${file.padEnd(40)}${`+${added}`.padStart(5)}${`-${removed}`.padStart(5)}`
  const counts = (title: string, of: (measured: Measured) => number) =>
    `${title.padEnd(40)}${String(of(before)).padStart(6)}${String(of(after)).padStart(6)}`
  return [
    ...changes.byHand.map(change),
    `lines that were changed by hand${String(sum(changes.byHand)).padStart(19)}`,
    '',
    ...changes.others.map(change),
    '',
    'statements                              before after',
    counts('GET /purchases, the first of a process', ({ first }) => first.length),
    counts('GET /purchases, the next one', ({ next }) => next.length),
  ].join('\n')
}

async function packedPackage(): Promise<AsyncDisposable & { readonly file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-packed-'))
  return {
    file: await packPackage(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
