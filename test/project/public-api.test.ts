import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it } from 'node:test'
import { DeclarationFolder } from '../support/api/declarations.ts'
import {
  examples,
  membersOf,
  type PublicApi,
  type PublicMember,
  readPublicApi,
  summary,
} from '../support/api/public-api.ts'
import { REFERENCE, renderReference } from '../support/api/reference.ts'
import { createBlocksFolder } from '../support/documents/blocks-folder.ts'
import { root } from '../support/documents/documents.ts'
import { runCommand } from '../support/package/command.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

describe('the public API', () => {
  let api: PublicApi
  let members: readonly PublicMember[]
  before(async () => {
    api = await readPublicApi()
    members = api.entries.flatMap(membersOf)
  })

  const without = (wanted: (member: PublicMember) => boolean) =>
    members.filter((member) => !wanted(member)).map(({ label }) => label)

  it('was read: its functions, classes, options and their members', () => {
    const labels = new Set(members.map(({ label }) => label))
    for (const label of [
      'createRepositories',
      'Repository.findByKey',
      'RepositoriesOptions.timeout',
      'freeze',
    ]) {
      assert.ok(labels.has(label), label)
    }
    assert.ok(members.length > 200, `${members.length} members`)
  })

  it('exports every type that its signatures mention', () => {
    for (const entry of api.entries) assert.deepEqual(api.hiddenTypes(entry), [], entry.name)
  })

  it('says of everything what it is', () => {
    assert.deepEqual(
      without(({ declaration }) => summary(declaration) !== ''),
      [],
    )
  })

  it('shows an example of every export, every method and every option', () => {
    const isPlain = ({ declaration, owner }: PublicMember) =>
      declaration.kind === 'property' && !isOptions(owner.name)
    assert.deepEqual(
      without((member) => isPlain(member) || examples(member.declaration).length > 0),
      [],
    )
  })

  it('says of every function and method what it throws, or that it never does', () => {
    const isSilent = ({ kind }: PublicMember['declaration']) => kind !== 'function' && kind !== 'method'
    assert.deepEqual(
      without(
        ({ declaration }) => isSilent(declaration) || /^@throws |Never throws\./m.test(declaration.doc),
      ),
      [],
    )
  })

  it('says of every option what happens without it, and in which unit it is', () => {
    const isOption = ({ declaration, owner }: PublicMember) =>
      isOptions(owner.name) && declaration !== owner.declaration
    const options = members.filter(isOption)
    const isOptional = ({ text }: PublicMember['declaration']) => /^(?:readonly )?\w+\?:/.test(text)
    const unsaid = options.filter(
      ({ declaration }) =>
        isOptional(declaration) && !/\bdefault\b|instead|only if|to use/i.test(summary(declaration)),
    )
    const times = options.filter(({ declaration }) =>
      /(?:timeout|interval|maxUnverified)$/i.test(declaration.name),
    )
    assert.deepEqual(
      unsaid.map(({ label }) => label),
      [],
    )
    assert.ok(times.length >= 4)
    for (const { label, declaration } of times) assert.match(summary(declaration), /\bMilliseconds\b/, label)
  })

  it('names errors that it exports', () => {
    const classes = new Set(
      members.filter(({ declaration }) => declaration.kind === 'class').map(({ label }) => label),
    )
    const named = members.flatMap(({ label, declaration }) => {
      const [, thrown = ''] = /^@throws ([\s\S]*?)(?:^@|$(?![\s\S]))/m.exec(declaration.doc) ?? []
      return (thrown.match(/\b[A-Z]\w+Error\b/g) ?? []).map((error) => ({ label, error }))
    })
    assert.ok(named.length > 20)
    assert.deepEqual(
      named.filter(({ error }) => !classes.has(error)),
      [],
    )
  })

  it('has examples that compile', async () => {
    await using blocks = await createBlocksFolder()
    let count = 0
    for (const entry of api.entries) {
      for (const { label, declaration } of membersOf(entry)) {
        for (const code of examples(declaration)) {
          const file = `${entry.name}_${label}`.replaceAll(/\W+/g, '_')
          await writeFile(
            join(blocks.folder, `${file}.ts`),
            `${importsFor(code, entry.name)}${code}\nexport {}\n`,
          )
          count++
        }
      }
    }
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const { code, output } = await runCommand({
      program: process.execPath,
      args: [tsc, '--pretty', 'false'],
      cwd: blocks.folder,
    })
    assert.ok(count > 100)
    assert.equal(code, 0, output)
  })

  it('is listed in the reference, which npm run reference writes', async () => {
    const page = await readFile(join(root, REFERENCE), 'utf8')
    assert.equal(page, renderReference(page, api), `${REFERENCE} is not what npm run reference writes`)
    for (const { name } of api.entries) assert.ok(page.includes(`<!-- reference, ${name}: begin -->`), name)
  })

  it('has the defaults that the reference names', async () => {
    const page = await readFile(join(root, REFERENCE), 'utf8')
    const source = await readFile(join(root, 'src/database/create-database.ts'), 'utf8')
    const [, defaults = ''] = /const DEFAULTS = \{(.*?)\n\}/s.exec(source) ?? []
    const values = [...defaults.matchAll(/^ {2}(\w+): (.+),$/gm)]
    assert.ok(values.length > 4)
    for (const [, name, value = ''] of values) {
      assert.ok(page.includes(`| \`${name}\` | `), name)
      const [line = ''] = page.match(new RegExp(`^\\| \`${name}\` \\|.*$`, 'm')) ?? []
      assert.ok(line.includes(value.replaceAll('_', ',')), line)
    }
  })

  /** What an example may use without saying where it comes from: its own entry, the main one, and the generated file. */
  function importsFor(code: string, entry: string): string {
    const sources = new Map([
      [
        './schema.ts',
        new Map([
          ['DB', ''],
          ['tables', ''],
        ]) as ReadonlyMap<string, unknown>,
      ],
    ])
    for (const { name, exports } of api.entries) {
      if (name === entry || name === 'kysely-lookup') sources.set(name, exports)
    }
    const lines: string[] = []
    for (const [source, names] of sources) {
      for (const name of names.keys()) {
        const isUsed = new RegExp(`(?<![.\\w$'])${name}\\b`).test(code)
        const isImported = new RegExp(`import [^;]*\\b${name}\\b[^;]* from`).test(code)
        const taken = lines.some((line) => line.includes(` ${name} `))
        if (isUsed && !isImported && !taken)
          lines.push(`import { ${isType(source, name) ? 'type ' : ''}${name} } from '${source}'\n`)
      }
    }
    return lines.join('')
  }

  function isType(source: string, name: string): boolean {
    const kind = api.entries.find((entry) => entry.name === source)?.exports.get(name)?.declaration.kind
    return name === 'DB' || kind === 'interface' || kind === 'type'
  }
})

/** Members of these are options, whatever else they are. */
function isOptions(name: string): boolean {
  return /Options$/.test(name) || name === 'MigrationFolder'
}

describe('the reader of declarations', () => {
  it('finds a type that an entry mentions and does not export, through a file in between', async () => {
    await using folder = await createTemporaryFolder('declarations')
    await folder.write({
      'index.d.ts': "export { type Options, open } from './open.ts';\n",
      'open.d.ts': [
        "import type { Pool } from 'mysql2';",
        "import type { Mode as OpenMode } from './mode.ts';",
        'interface Hidden { readonly depth: number; }',
        '/** Options. */',
        'export interface Options<Name extends string> {',
        '    /** Its mode. */',
        '    readonly mode?: OpenMode;',
        '    readonly name: Name;',
        '}',
        'export declare function open(options: Options<string>, pool: Pool): Hidden;',
        '',
      ].join('\n'),
      'mode.d.ts': "export type Mode = 'a' | 'b';\n",
    })
    const declarations = new DeclarationFolder()
    const exports = declarations.exportsOf(folder.join('index.d.ts'))
    const mentions = [...exports.values()].map((one) => declarations.mentions(one).map(({ name }) => name))
    assert.deepEqual([...exports.keys()], ['Options', 'open'])
    assert.deepEqual(mentions, [['Mode'], ['Options', 'Hidden']])
    const [mode, name] = exports.get('Options')?.declaration.members ?? []
    assert.deepEqual([mode?.name, mode?.doc, name?.name, name?.doc], ['mode', 'Its mode.', 'name', ''])
  })
})
