import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parse } from 'graphql'
import { type DB, tables } from '../../examples/service/schema.ts'
import { DEFAULT_OUT_FILE } from '../../src/cli/generate.ts'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { createBlocksFolder } from '../support/documents/blocks-folder.ts'
import { type Document, packageEntries, readDocuments, root } from '../support/documents/documents.ts'
import { withoutCode } from '../support/documents/markdown.ts'
import { runCommand } from '../support/package/command.ts'

const documents = await readDocuments()

/** Marked with what it is of, a block of another library: only its syntax is checked. */
const FOREIGN = ['next', 'nestjs', 'prisma', 'drizzle', 'typeorm', 'ioredis', 'valkey-glide']

describe('the documentation', () => {
  it('has TypeScript that compiles with the reference tables', async (t) => {
    await using blocks = await createBlocksFolder()
    let count = 0
    for (const document of documents) {
      for (const block of document.blocks.filter(({ language }) => language === 'ts')) {
        count++
        if (block.marks.some((mark) => FOREIGN.includes(mark))) stripTypeScriptTypes(block.code)
        else await blocks.add(document, block)
      }
    }
    assert.ok(count > 0)
    const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))
    const { code, output } = await runCommand({
      program: process.execPath,
      args: [tsc, '--pretty', 'false'],
      cwd: blocks.folder,
    })
    assert.equal(code, 0, output)
    t.diagnostic(`${count} blocks in ${documents.length} documents`)
  })

  it('has well-formed blocks of other languages', () => {
    const checks: Readonly<Record<string, (code: string) => void>> = {
      ts: () => {}, // compiled above
      sh: () => {}, // below
      sql: () => {}, // run by documents-run.test.ts
      js: () => {}, // npm run compatibility runs what is marked
      tsx: () => {},
      diff: () => {}, // carried out by adoption.test.ts
      text: () => {},
      prisma: () => {},
      json: (code) => JSON.parse(code),
      graphql: (code) => parse(code),
    }
    const wrong = documents.flatMap(({ name, blocks }) =>
      blocks.flatMap(({ language, code, line }) => {
        const check = checks[language]
        if (!check) return `${name}:${line}: expected one of ${Object.keys(checks)}, got "${language}"`
        try {
          check(code)
          return []
        } catch (error) {
          return `${name}:${line}: ${error}`
        }
      }),
    )
    assert.deepEqual(wrong, [])
  })

  it('names commands and options that exist', async () => {
    const help = new Map<string, string>()
    const bin = join(root, 'src/cli/bin.ts')
    const wrong: string[] = []
    for (const { name, line, command } of shellCommands(documents)) {
      const [, subcommand = '', rest = ''] = /\b(?:npx|npm exec) kysely-lookup (\w+)(.*)$/.exec(command) ?? []
      if (subcommand === '') continue
      if (!help.has(subcommand)) {
        const { code, output } = await runCommand({
          program: process.execPath,
          args: [bin, subcommand, '--help'],
          cwd: root,
        })
        help.set(subcommand, code === 0 ? output : '')
      }
      const flags = rest.match(/(?<= )--?[a-z][\w-]*/g) ?? []
      const unknown = flags.filter((flag) => !help.get(subcommand)?.includes(flag))
      if (help.get(subcommand) === '') unknown.push(subcommand)
      if (unknown.length > 0) wrong.push(`${name}:${line}: ${unknown.join(', ')} of ${command}`)
    }
    assert.ok(help.size > 0)
    assert.deepEqual(wrong, [])
  })

  it('names npm scripts and files that exist', async () => {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
    const builtIn = ['ci', 'install', 'audit', 'pack']
    const wrong = shellCommands(documents).flatMap(({ name, line, command }) => {
      if (name === 'docs/getting-started.md') return [] // of another project; adoption.test.ts runs them
      const scriptsOf = [...command.matchAll(/\bnpm (?:run )?([a-z][\w:-]*)/g)].map(
        ([, script = '']) => script,
      )
      const read = command.replace(/--out-file \S+/, '')
      const files = read.match(/(?<= )(?:test|bench|examples|src|docs)\/\S+\.\w+/g) ?? []
      return [
        ...scriptsOf.filter((script) => !(script in scripts || builtIn.includes(script))),
        ...files.filter((file) => !existsSync(join(root, file))),
      ].map((missing) => `${name}:${line}: ${missing} of ${command}`)
    })
    assert.deepEqual(wrong, [])
  })

  it('links to files and headings that exist', async () => {
    const broken: string[] = []
    for (const { name, text } of documents) {
      for (const target of relativeLinks(text)) {
        const [path = '', heading] = target.split('#')
        const file = join(root, path === '' ? name : join(dirname(name), path))
        const found = await stat(file).catch(() => undefined)
        const known =
          found &&
          (heading === undefined ||
            (found.isFile() && headings(await readFile(file, 'utf8')).includes(heading)))
        if (!known) broken.push(`${name}: ${target}`)
      }
    }
    assert.deepEqual(broken, [])
  })

  it('is reachable: the README leads to every document of docs', () => {
    const reached = new Set<string>()
    const visit = (name: string) => {
      const document = documents.find((one) => one.name === name)
      if (!document || reached.has(name)) return
      reached.add(name)
      for (const target of relativeLinks(document.text)) {
        visit(join(dirname(name), target.split('#')[0] ?? '').replaceAll('\\', '/'))
      }
    }
    visit('README.md')
    assert.deepEqual(
      documents.map(({ name }) => name).filter((name) => !reached.has(name)),
      [],
    )
  })

  it('names every export of the package', async () => {
    const texts = documents.filter(({ name }) => name === 'README.md' || name.startsWith('docs/'))
    const prose = texts.map(({ text }) => text).join('\n')
    const missing: string[] = []
    for (const [entry, file] of await packageEntries()) {
      const names = Object.keys(await import(pathToFileURL(file).href))
      assert.ok(names.length > 0, `${entry} exports something`)
      // Types of the other entries are seen where their functions are used.
      if (entry === 'kysely-lookup') names.push(...exportedTypes(await readFile(file, 'utf8')))
      if (!prose.includes(entry)) missing.push(entry)
      missing.push(
        ...names
          .filter((name) => !new RegExp(`\\b${name.replace('$', '\\$')}\\b`).test(prose))
          .map((name) => `${entry}: ${name}`),
      )
    }
    assert.deepEqual(missing, [])
  })

  it('describes every counter of $stats()', async () => {
    // Nothing is read, so that nobody connects.
    const db = createDatabase<DB>({ uri: 'mysql://nobody@127.0.0.1:1/nothing' })
    const counters = Object.keys(createRepositories({ db, tables }).$stats().country)
    await db.destroy()
    const { text = '' } = documents.find(({ name }) => name === 'docs/caching.md') ?? {}
    assert.ok(counters.length > 0)
    assert.deepEqual(
      counters.filter((counter) => !text.includes(`\`${counter}\``)),
      [],
    )
  })

  it('names tests, members and options that exist', async () => {
    const wrong: string[] = []
    const members = await apiMembers()
    for (const { name, text } of documents.filter(
      ({ name }) => name === 'README.md' || name.startsWith('docs/'),
    )) {
      const spans = [...withoutCode(text).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span)
      for (const span of spans) {
        const member = /^(?:repos|trx)?\.?(\$\w+)/.exec(span)?.[1]
        if (member && !members.names.has(member)) wrong.push(`${name}: ${span}`)
        const [, maker = '', option] = /^create(Repositories|Database)\(\{ (\w+)/.exec(span) ?? []
        if (option && !members.options.get(maker)?.has(option)) wrong.push(`${name}: ${span}`)
        if (
          /^(src|test|bench|examples|docs|migrations)\/\S*\.\w+$/.test(span) &&
          span !== DEFAULT_OUT_FILE && // a file of the user's project
          !existsSync(join(root, span))
        ) {
          wrong.push(`${name}: ${span}`)
        }
      }
      wrong.push(...(await missingTests(text)).map((title) => `${name}: ${title}`))
    }
    assert.deepEqual(wrong, [])
  })

  it('the README has fewer than 250 lines', () => {
    const readme = documents.find(({ name }) => name === 'README.md')
    assert.ok(readme && readme.text.split('\n').length < 250)
  })
})

interface ShellCommand {
  readonly name: string
  readonly line: number
  readonly command: string
}

/** The lines of `sh` blocks, without their comments; a line that ends with a backslash goes on. */
function shellCommands(of: readonly Document[]): ShellCommand[] {
  return of.flatMap(({ name, blocks }) =>
    blocks
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code, line }) =>
        code
          .replaceAll('\\\n', ' ')
          .split('\n')
          .map((text) => text.replace(/(^|\s)#.*$/, '').trim())
          .filter(Boolean)
          .map((command) => ({ name, line, command })),
      ),
  )
}

function exportedTypes(source: string): string[] {
  const lists = source.matchAll(/^export type \{([^}]*)\}/gms)
  const inline = source.matchAll(/\btype (\w+)/g)
  return [...lists, ...inline]
    .flatMap(([, names = '']) => names.split(','))
    .map((name) => name.trim())
    .filter(Boolean)
}

/** Members of repositories and options of what makes them, as the sources declare them. */
async function apiMembers() {
  const read = (file: string) => readFile(join(root, 'src', file), 'utf8')
  const declared = (source: string, pattern: RegExp) =>
    [...source.matchAll(pattern)].map(([, name = '']) => name)
  const files = ['types', 'repositories-by-name', 'transaction-repositories'].map(
    (name) => `repositories/${name}.ts`,
  )
  const repositories = (await Promise.all(files.map(read))).join('')
  const options = await read('repositories/repositories-options.ts')
  const database = await read('database/database-options.ts')
  const ownOptions = declared(database, /^ {2}(\w+)\?:/gm)
  const decoding = declared(await read('columns/decoding-options.ts'), /^ {2}readonly (\w+)\?:/gm)
  const driver = ['connectTimeout', 'connectionLimit', 'maxPreparedStatements']
  return {
    names: new Set(declared(repositories, /(\$\w+)\b/g)),
    options: new Map([
      ['Repositories', new Set(declared(options, /^ {2}readonly (\w+)\??:/gm))],
      ['Database', new Set([...ownOptions, ...decoding, ...driver, 'plugins', 'log'])],
    ]),
  }
}

/** Titles that a document quotes behind the name of a test file which does not have them. */
async function missingTests(markdown: string): Promise<string[]> {
  const missing: string[] = []
  for (const [, file = '', quoted = ''] of markdown.matchAll(/`(test\/\S+\.test\.ts)`([^`]*)/g)) {
    const source = await readFile(join(root, file), 'utf8')
    for (const [, title = ''] of quoted.matchAll(/"([^"]+)"/g)) {
      const parts = title.replace(/\s+/g, ' ').split('…')
      if (!parts.every((part) => source.includes(part.trim()))) missing.push(`"${title}" of ${file}`)
    }
  }
  return missing
}

function relativeLinks(markdown: string): string[] {
  const inline = [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  const sources = [...withoutCode(markdown).matchAll(/\b(?:src|srcset|href)="([^"\s]+)"/g)].map(
    ([, target = '']) => target,
  )
  return [...inline, ...sources].filter((target) => !/^[a-z]+:/.test(target))
}

/** As GitHub and npm name the anchors of headings. */
function headings(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/^#+ +(.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
