import assert from 'node:assert/strict'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runCommandLine } from '../support/command-line.ts'
import { packageEntries } from '../support/documents/documents.ts'
import { runCommand } from '../support/package/command.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

const STATEMENTS = [
  `create table order_status (id int primary key, slug varchar(20) not null unique)`,
  "insert into order_status values (1, 'open'), (2, 'paid*/')",
  `create table \`or*/der\` (id int auto_increment primary key, status_id int not null,
     kind enum('a*/b', 'plain') not null, photo varbinary(20), paid_at datetime(3), doc json,
     foreign key (status_id) references order_status (id))`,
]

/** A user's file in JavaScript, whose comments name the types that the compiler checks. */
const USER = (schema: string) => `// @ts-check
import { createDatabase, createRepositories } from 'kysely-lookup'
import { tables, OrderStatusId } from '${schema}'

/** @type {import('kysely').Kysely<import('${schema}').DB>} */
const db = createDatabase({ uri: 'mysql://127.0.0.1/shop' })
const repos = createRepositories({ db, tables })

/** @returns {Promise<import('${schema}').DB['or*\\/der']['kind'] | undefined>} */
export async function kindOf(/** @type {number} */ id) {
  return (await repos['or*/der'].findByKey(id))?.kind
}

/** @type {import('${schema}').OrderStatusId} */
export const paid = OrderStatusId['paid*/']

// @ts-expect-error The key is a number.
export const wrong = () => repos.order_status.findByKey('open')
// @ts-expect-error There is no such table.
export const missing = () => repos.orders
`

describe('generate, for a JavaScript file', () => {
  let database: TestDatabase
  let folder: TemporaryFolder

  before(async () => {
    database = await createTestDatabase()
    await runStatements(database.url, ...STATEMENTS)
    folder = await createTemporaryFolder('javascript')
    const paths = Object.fromEntries([...(await packageEntries())].map(([name, file]) => [name, [file]]))
    const compilerOptions = { paths, allowJs: true, checkJs: true }
    await folder.write({
      'package.json': '{ "type": "module" }',
      'tsconfig.json': JSON.stringify({
        extends: join(root, 'tsconfig.json'),
        compilerOptions,
        include: ['*.js', '*.mjs', '*.cjs', '*.mts'],
      }),
    })
    await symlink(join(root, 'node_modules'), folder.join('node_modules'))
  })
  after(async () => {
    await folder?.[Symbol.asyncDispose]()
    await database?.drop()
  })

  const generate = (file: string, ...more: string[]) =>
    runCommandLine({
      args: [
        'generate',
        '--url',
        database.url,
        '--out-file',
        file,
        '--constants',
        'order_status:id=slug',
        ...more,
      ],
      env: {},
      cwd: folder.path,
    })

  for (const file of ['schema.js', 'schema.mjs', 'schema.cjs', 'schema.mts']) {
    it(`writes ${file} so that Node loads it and the compiler knows its types`, async () => {
      const written = await generate(file)
      assert.deepEqual([written.code, written.stdout], [0, `${file} written\n`], written.stderr)
      const { tables, OrderStatusId } = await import(pathToFileURL(folder.join(file)).href)
      assert.deepEqual(Object.keys(tables), ['or*/der', 'order_status'])
      assert.deepEqual(OrderStatusId, { open: 1, 'paid*/': 2 })
      assert.equal(tables.order_status.constants.id, OrderStatusId)
      await folder.write({ 'user.mjs': USER(`./${file}`) })
      const tsc = join(root, 'node_modules/typescript/bin/tsc')
      const { code, output } = await runCommand({
        program: process.execPath,
        args: [tsc, '--pretty', 'false'],
        cwd: folder.path,
      })
      assert.equal(output, '')
      assert.equal(code, 0)
    })

    it(`verifies ${file}`, async () => {
      const current = await generate(file, '--verify')
      assert.deepEqual([current.code, current.stdout], [0, `${file} is current\n`], current.stderr)
      const text = await readFile(folder.join(file), 'utf8')
      await writeFile(folder.join(file), text.replace('  open: 1,\n', ''))
      const stale = await generate(file, '--verify')
      assert.match(
        stale.stderr,
        /OrderStatusId in schema\.\w+ is not what the table's rows are now: 1 added, 0 removed/,
      )
      assert.equal(stale.code, 1)
    })
  }

  it('writes CommonJS to a .js file of a package that is not of modules', async () => {
    const other = await createTemporaryFolder('commonjs')
    await other.write({ 'package.json': '{}' })
    const args = ['generate', '--url', database.url, '--out-file', 'schema.js']
    const { code } = await runCommandLine({ args, env: {}, cwd: other.path })
    assert.equal(code, 0)
    const program = "console.log(Object.keys(require('./schema.js').tables).length)"
    const ran = await runCommand({
      program: process.execPath,
      args: ['-e', program],
      cwd: other.path,
    })
    assert.deepEqual(ran, { code: 0, output: '2\n', errors: '' })
    await other[Symbol.asyncDispose]()
  })
})
