import { copyFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTemporaryFolder } from '../temporary-folder.ts'
import { type Document, packageEntries, root } from './documents.ts'
import type { CodeBlock } from './markdown.ts'

/** What a block may use without saying where it comes from: the reference tables' repositories and types. */
const PREAMBLE = `
import type * as database from './db.ts'
declare global {
  const db: typeof database.db
  const repos: typeof database.repos
}
`

/** The module that blocks import as a user would: `import { db, repos } from './db.ts'`. */
const DB_MODULE = `
import { createDatabase, createRepositories } from 'kysely-lookup'
import { type DB, tables } from './schema.ts'
export const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })
export const repos = createRepositories({
  db,
  tables,
  cache: { city: 'immutable', country: 'versioned', currency: { mode: 'versioned', maxRows: 1_000 } },
})
`

/** The TypeScript blocks of documents, each a module of a folder in which they compile and run. */
export interface BlocksFolder extends AsyncDisposable {
  readonly folder: string
  /** Adds a block and answers its file's name. */
  add(document: Document, block: CodeBlock): Promise<string>
}

export async function createBlocksFolder(): Promise<BlocksFolder> {
  const temporary = await createTemporaryFolder('documents')
  const folder = temporary.path
  // The package's name and its subpaths lead to the sources, whether they are built or not.
  const paths = Object.fromEntries([...(await packageEntries())].map(([name, file]) => [name, [file]]))
  const tsconfig = { extends: join(root, 'tsconfig.json'), compilerOptions: { paths }, include: ['**/*'] }
  await temporary.write({
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify(tsconfig),
    'preamble.d.ts': PREAMBLE,
    'db.ts': DB_MODULE,
  })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await copyFile(join(root, 'examples/service/schema.ts'), join(folder, 'schema.ts'))
  return {
    folder,
    async add(document, { line, code }) {
      const name = `${document.name.replaceAll('/', '_')}_${line}.ts`
      // The block stands where it does in its document, so that messages name the document's lines.
      await writeFile(join(folder, name), `${'\n'.repeat(line)}${code}\nexport {}\n`)
      return name
    },
    [Symbol.asyncDispose]: temporary[Symbol.asyncDispose],
  }
}
