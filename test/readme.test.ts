import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { globSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { codeBlocks, withoutCode } from './support/markdown.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root })
  .map((name) => name.replaceAll('\\', '/'))
  .sort()

/** The package's name and its subpaths lead to the sources, whether they are built or not. */
const paths = {
  'kysely-lookup': [join(root, 'src/index.ts')],
  'kysely-lookup/*': [join(root, 'src/*/index.ts')],
}

/** What a block may use without saying where it comes from: the reference tables' repositories and types. */
const PREAMBLE = `
import type { Kysely } from 'kysely'
import type { Repositories } from 'kysely-lookup'
import type { DB as ReferenceDB, tables as referenceTables } from './schema.ts'
declare global {
  const db: Kysely<ReferenceDB>
  const repos: Repositories<ReferenceDB, typeof referenceTables>
}
`

/** The module that blocks import as a user would: `import { db, repos } from './db.ts'`. */
const DB_MODULE = `
import { createDatabase, createRepositories } from 'kysely-lookup'
import { type DB, tables } from './schema.ts'
export const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })
export const repos = createRepositories({ db, tables })
`

suite('the documentation', () => {
  test('has TypeScript that compiles with the reference tables', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-readme-'))
    t.after(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
    await copyFile(join(root, 'examples/service/schema.ts'), join(folder, 'schema.ts'))
    await writeFile(join(folder, 'preamble.d.ts'), PREAMBLE)
    await writeFile(join(folder, 'db.ts'), DB_MODULE)
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: { paths }, include: ['**/*'] }),
    )
    let blocks = 0
    for (const document of documents) {
      for (const { line, code } of typescriptBlocks(await readFile(join(root, document), 'utf8'))) {
        blocks++
        const file = join(folder, `${document.replaceAll('/', '_')}_${line}.ts`)
        // The block stands where it does in its document, so that messages name the document's lines.
        await writeFile(file, `${'\n'.repeat(line)}${code}\nexport {}\n`)
      }
    }
    assert.ok(blocks > 0)
    const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
    const child = spawn(process.execPath, [tsc, '--pretty', 'false'], { cwd: folder })
    const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    assert.equal(code, 0, output)
    t.diagnostic(`${blocks} blocks in ${documents.length} documents`)
  })

  test('links to files and headings that are there', async () => {
    const broken: string[] = []
    for (const document of documents) {
      for (const target of relativeLinks(await readFile(join(root, document), 'utf8'))) {
        const [path = '', heading] = target.split('#')
        const file = path === '' ? document : join(dirname(document), path)
        const content = await readFile(join(root, file), 'utf8').catch((error: NodeJS.ErrnoException) =>
          error.code === 'EISDIR' ? '' : undefined,
        )
        const found = content !== undefined && (heading === undefined || headings(content).includes(heading))
        if (!found) broken.push(`${document}: ${target}`)
      }
    }
    assert.deepEqual(broken, [])
  })
})

function typescriptBlocks(markdown: string) {
  return codeBlocks(markdown).filter(({ language }) => language === 'ts')
}

function relativeLinks(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
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
