import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runCommandLine } from '../support/command-line.ts'
import { namespaceAt } from '../support/store/namespace-at.ts'
import { storeFolder } from '../support/store/stored-lookups.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

const COUNTRY = namespaceAt('a')
const CITY = namespaceAt('b', 'city')
const entry = (key: string) => ({ key: `r:${key}`, value: Buffer.from(`the row ${key}`) })

const run = (...args: readonly string[]) =>
  runCommandLine({ args: ['store', ...args], env: {}, cwd: process.cwd() })

describe('kysely-lookup store', () => {
  it('shows what a store holds that is in use, without keys and values', async () => {
    await using folder = await storeFolder()
    const store = folder.open()
    await store.write(COUNTRY, [entry('secret-1'), entry('secret-2')])
    await store.write(CITY, [entry('secret-3')])
    const { code, stdout, stderr } = await run('show', '--path', folder.path)
    assert.equal(stderr, '')
    assert.equal(code, 0)
    const [size, ...lines] = stdout.trimEnd().split('\n')
    assert.match(size!, /^\S+\.mdb: [\d.]+ MB, of which entries take [\d.]+$/)
    const used = /, last used \d{4}-\d\d-\d\dT[\d:.]+Z$/
    assert.deepEqual(lines.map((line) => line.replace(used, '')).sort(), [
      'shop.city, version bbbbbbbbbbbb: 1 entries',
      'shop.country, version aaaaaaaaaaaa: 2 entries',
    ])
    assert.doesNotMatch(stdout, /secret/)
  })

  it('clears a store that is in use, and goes on to be used', async () => {
    await using folder = await storeFolder()
    const store = folder.open()
    await store.write(COUNTRY, [entry('1')])
    assert.deepEqual(await run('clear', '--path', folder.path), {
      code: 0,
      stdout: `${folder.path}: cleared\n`,
      stderr: '',
    })
    assert.deepEqual(await store.read(COUNTRY, ['r:1']), [undefined])
    await store.write(COUNTRY, [entry('2')])
    assert.equal(String((await store.read(COUNTRY, ['r:2']))[0]), 'the row 2')
    const { stdout } = await run('show', '--path', folder.path)
    assert.match(stdout, /\nshop\.country, version aaaaaaaaaaaa: 1 entries, last used /)
  })

  it('says that a file is broken, and clears it', async () => {
    await using folder = await storeFolder()
    const first = folder.open()
    await first.write(COUNTRY, [entry('1')])
    await first.close()
    const file = join(folder.path, readFileSync(join(folder.path, 'current'), 'utf8'))
    writeFileSync(file, Buffer.alloc(20_000, 'x'))
    const shown = await run('show', '--path', folder.path)
    assert.equal(shown.code, 1)
    assert.match(
      shown.stderr,
      /^kysely-lookup: the file \S+ is broken\. Clear the store, or delete its folder\.\n$/,
    )
    assert.equal((await run('clear', '--path', folder.path)).code, 0)
    assert.equal(existsSync(file), false)
    const next = folder.open()
    await next.write(COUNTRY, [entry('2')])
    assert.equal(String((await next.read(COUNTRY, ['r:2']))[0]), 'the row 2')
  })

  it('makes no store where there is none', async () => {
    await using folder = await createTemporaryFolder('no-store')
    const path = folder.join('store')
    for (const action of ['show', 'clear']) {
      const { code, stderr } = await run(action, '--path', path)
      assert.equal(code, 1)
      assert.match(stderr, /^kysely-lookup: there is no store in \S+\. Pass the path that lmdbStore has\.\n$/)
      assert.equal(existsSync(path), false)
    }
  })

  it('says what is wrong with its arguments', async () => {
    const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [[], /expected show or clear, got neither/],
      [['list', '--path', '/tmp'], /expected show or clear, got list/],
      [['show', 'clear', '--path', '/tmp'], /expected show or clear, got show clear/],
      [['show'], /--path is missing/],
      [['show', '--folder', '/tmp'], /--folder/],
    ]
    for (const [args, message] of wrong) {
      const { code, stderr } = await run(...args)
      assert.equal(code, 2)
      assert.match(stderr, message)
    }
  })
})
