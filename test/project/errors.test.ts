import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { root } from '../support/documents/documents.ts'

const CODE = /\bKYSELY_LOOKUP_[A-Z_]+\b/g

describe('the errors', () => {
  let source: string
  let elsewhere: string
  let page: string
  before(async () => {
    const paths = globSync('src/**/*.ts', { cwd: root }).filter((path) => path !== 'src/errors.ts')
    elsewhere = (await Promise.all(paths.map((path) => readFile(join(root, path), 'utf8')))).join('\n')
    source = await readFile(join(root, 'src/errors.ts'), 'utf8')
    page = await readFile(join(root, 'docs/errors.md'), 'utf8')
  })

  /** The members of a union of literals, in order; each has its own TSDoc. */
  function union(name: string): string[] {
    const [, body = ''] = new RegExp(`^export type ${name} =\\n((?: {2}.*\\n)+)`, 'm').exec(source) ?? []
    const members = [...body.matchAll(/^ {2}\/\*\* [A-Z`].+\. \*\/\n {2}\| '(.+)'$/gm)].map(
      ([, member]) => member!,
    )
    assert.equal(
      members.length,
      body.match(/^ {2}\| /gm)?.length,
      `a member of ${name} has no TSDoc of its own`,
    )
    return members
  }

  /** The rows of the first table below a heading. */
  function rows(heading: string): string[][] {
    const [, table = ''] = page.slice(page.indexOf(heading)).match(/\|(?:---\|)+\n((?:\|.*\n)+)/) ?? []
    return table
      .trimEnd()
      .split('\n')
      .map((row) => row.split(' | ').map((cell) => cell.replaceAll(/^\| | \|$|`/g, '')))
  }

  it('have exactly the codes of the source in the documentation', () => {
    const codes = union('LookupErrorCode')
    const documented = rows('# Errors')
    assert.ok(codes.length > 10)
    assert.deepEqual(documented.map(([, code]) => code).sort(), codes.sort())
    for (const row of documented) {
      assert.equal(row.length, 5, row[1])
      assert.match(row[4]!, /^(4\d\d|50[03]|–)$/, row[1])
    }
  })

  it('have each class of the source in the documentation with its code', () => {
    const passed = [
      ...`${source}\n${elsewhere}`.matchAll(
        /^export class (\w+) extends LookupError \{[\s\S]*?super\(\s*'(KYSELY_LOOKUP_\w+)'/gm,
      ),
    ].map(([, name, code]) => [name, code])
    assert.ok(passed.length > 5)
    const classes = rows('# Errors').flatMap(([name, code]) => (name === 'LookupError' ? [] : [[name, code]]))
    assert.deepEqual(classes.sort(), passed.sort())
  })

  it('have exactly the kinds of ConfigurationError in the documentation', () => {
    const kinds = union('ConfigurationKind')
    assert.ok(kinds.length > 5)
    assert.deepEqual(
      rows('## ConfigurationError').map(([kind]) => kind),
      kinds,
    )
  })

  it('have every code and kind used somewhere in the source', () => {
    const throwing = [...source.slice(source.indexOf('export class')).matchAll(CODE)].map(([code]) => code)
    const used = new Set(
      [...throwing, ...(elsewhere.match(CODE) ?? [])].filter((code) => code !== 'KYSELY_LOOKUP_'),
    )
    assert.deepEqual([...used].sort(), union('LookupErrorCode').sort())
    const unused = union('ConfigurationKind').filter((kind) => !elsewhere.includes(`kind: '${kind}'`))
    assert.deepEqual(unused, [])
  })

  it('have the statuses of the table in the example', () => {
    const [, example = ''] = /const STATUS[^{]*\{\n([\s\S]*?)\n\}/.exec(page) ?? []
    const mapped = [...example.matchAll(/(KYSELY_LOOKUP_\w+): (\d+)/g)].map(([, code, status]) => [
      code,
      status,
    ])
    const documented = rows('# Errors').flatMap(([, code, , , status]) =>
      status === '500' || status === '–' ? [] : [[code, status]],
    )
    assert.deepEqual(mapped, documented)
  })
})
