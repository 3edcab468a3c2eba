/**
 * Tries the packed package with the lowest and highest peers, under each TypeScript and each Node that it is for:
 *
 *     npm ci --prefix test/compatibility && npm run compatibility
 */
import assert from 'node:assert/strict'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createTestDatabase } from '../../src/testing/index.ts'
import { startEmbeddedServer } from '../support/embedded-server.ts'
import { expectCommand, runCommand } from '../support/package/command.ts'
import { ENTRIES } from '../support/package/entries.ts'
import { packPackage } from '../support/package/pack.ts'
import { runStatements } from '../support/server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const highest = join(root, 'node_modules')
const other = join(import.meta.dirname, 'node_modules')

const PEERS = { lowest: other, highest }
const TYPESCRIPTS = {
  '5.9': join(other, 'typescript-5.9'),
  '6': join(other, 'typescript-6'),
  '7': join(highest, 'typescript'),
}
const NODES = { '22': join(other, 'node-22'), '24': join(highest, 'node'), '26': join(other, 'node-26') }

const PROGRAM = `
import { createDatabase, createRepositories, type RowOf } from 'kysely-lookup'
import { expectStatements } from 'kysely-lookup/testing'
import { type DB, tables } from './schema.ts'

const db = createDatabase<DB>({ uri: process.env['DATABASE_URL'] })
const repos = createRepositories({ db, tables })
await repos.$ready()
const rows: readonly (RowOf<DB, 'city'> | undefined)[] = await expectStatements(1, () =>
  repos.$request(() => Promise.all([1, 2, 1].map((id) => repos.city.findByKey(id)))),
)
console.log(rows.map((row) => row?.name).join())
await repos.$close()
await db.destroy()
`

const COMMON_JS = `
const { createDatabase } = require('kysely-lookup')
const db = createDatabase({ uri: process.env.DATABASE_URL })
db.selectFrom('city').select('name').orderBy('id').execute()
  .then((rows) => console.log(rows.map(({ name }) => name).join()))
  .finally(() => db.destroy())
`

const TSCONFIG = {
  compilerOptions: {
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    module: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    rewriteRelativeImportExtensions: true,
    rootDir: 'src',
    outDir: 'out',
  },
  include: ['src'],
}

describe('the packed package', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-compatibility-'))
  const server = await startEmbeddedServer()
  const database = await createTestDatabase({ server })
  after(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  const inProject = (peers: string, program: string, ...args: string[]) =>
    expectCommand({ program, args, cwd: join(folder, peers), env: { DATABASE_URL: database.url } })

  before(async () => {
    await runStatements(
      database.url,
      'create table city (id int primary key, name varchar(50) not null)',
      "insert into city values (1, 'Paris'), (2, 'Lyon')",
    )
    const tarball = await packPackage(folder)
    for (const [peers, from] of Object.entries(PEERS)) {
      const project = join(folder, peers)
      const installed = join(project, 'node_modules/kysely-lookup')
      await mkdir(installed, { recursive: true })
      await mkdir(join(project, 'src'))
      const unpack = ['-xzf', tarball, '--strip-components=1', '-C', installed]
      await expectCommand({ program: 'tar', args: unpack, cwd: folder })
      const names = Object.values(ENTRIES).flatMap(({ packages, types = [] }) => [...packages, ...types])
      for (const name of new Set([...names, '@types/node'])) {
        const link = join(project, 'node_modules', name)
        await mkdir(dirname(link), { recursive: true })
        await symlink(join(['kysely', 'mysql2'].includes(name) ? from : highest, name), link)
      }
      const entries = Object.keys(ENTRIES).map((entry, index) => {
        return `export type * as entry${index} from '${entry.replace(/^\./, 'kysely-lookup')}'\n`
      })
      await writeFile(join(project, 'package.json'), '{ "type": "module" }')
      await writeFile(join(project, 'tsconfig.json'), JSON.stringify(TSCONFIG))
      await writeFile(join(project, 'src/program.ts'), PROGRAM)
      await writeFile(join(project, 'src/entries.ts'), entries.join(''))
      await writeFile(join(project, 'main.cjs'), COMMON_JS)
      const command = join(installed, 'dist/cli/bin.js')
      const generate = ['generate', '--url', database.url, '--out-file', 'src/schema.ts']
      await inProject(peers, process.execPath, command, ...generate)
    }
  })

  it('has declarations that compile with the newest @types/node, without skipLibCheck', async () => {
    const project = join(folder, 'types')
    await mkdir(join(project, 'src'), { recursive: true })
    await cp(join(folder, 'highest/node_modules'), join(project, 'node_modules'), {
      recursive: true,
      verbatimSymlinks: true,
    })
    await rm(join(project, 'node_modules/@types/node'))
    await symlink(join(other, 'types-node'), join(project, 'node_modules/@types/node'))
    const { include, compilerOptions } = TSCONFIG
    // The packages themselves are those of the repository, with its older @types/node beside them.
    const strict = { ...compilerOptions, skipLibCheck: false, preserveSymlinks: true, noEmit: true }
    await writeFile(join(project, 'package.json'), '{ "type": "module" }')
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ include, compilerOptions: strict }))
    await cp(join(folder, 'highest/src/entries.ts'), join(project, 'src/entries.ts'))
    const { output } = await runCommand({
      program: process.execPath,
      args: [join(TYPESCRIPTS['7'], 'bin/tsc'), '--pretty', 'false', '--listFiles'],
      cwd: project,
    })
    assert.match(output, /types-node|@types\/node\/diagnostics_channel/, 'it is read')
    assert.match(output, /kysely-lookup\/dist\/index\.d\.ts/, 'so are the declarations')
    assert.deepEqual(
      output.split('\n').filter((line) => /kysely-lookup\/dist\S* ?\(\d|^src\//.test(line)),
      [],
    )
  })

  for (const peers of Object.keys(PEERS)) {
    for (const [version, typescript] of Object.entries(TYPESCRIPTS)) {
      it(`compiles under TypeScript ${version} with the ${peers} peers`, async () => {
        await inProject(peers, process.execPath, join(typescript, 'bin/tsc'), '--pretty', 'false')
      })
    }
    for (const [version, node] of Object.entries(NODES)) {
      it(`runs on Node ${version} with the ${peers} peers, imported and required`, async (t) => {
        const program = join(node, 'bin/node')
        t.diagnostic((await inProject(peers, program, '--version')).trim())
        assert.equal(await inProject(peers, program, 'out/program.js'), 'Paris,Lyon,Paris\n')
        assert.equal(await inProject(peers, program, 'main.cjs'), 'Paris,Lyon\n')
      })
    }
  }
})
