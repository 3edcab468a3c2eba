/**
 * Runs the recipes of docs/recipes.md for Next.js and NestJS in projects of their own, against a server:
 *
 *     npm ci --prefix test/compatibility && npm run compatibility
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createDatabase } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { createTestDatabase } from '../../src/testing/index.ts'
import { POLL } from '../../src/versions/poll-sql.ts'
import { startEmbeddedServer } from '../support/embedded-server.ts'
import { expectCommand } from '../support/package/command.ts'
import { createRecipeProject } from '../support/package/recipe-project.ts'
import { startProgram } from '../support/package/running-program.ts'
import { runStatements } from '../support/server.ts'

const packages = join(import.meta.dirname, 'node_modules')

describe('the recipes', async () => {
  const server = await startEmbeddedServer()
  const database = await createTestDatabase({ server })
  const run = (...statements: readonly string[]) => runStatements(database.url, ...statements)
  before(async () => {
    await run(
      'create table country (code char(2) primary key, name varchar(50) not null)',
      "insert into country values ('FR', 'France'), ('DE', 'Germany')",
    )
    await using db = createDatabase<unknown>({ uri: database.url })
    await createVersionTable(db)
    await trackVersion(db, 'country')
  })
  after(() => server.stop())

  /** Polls of versions as the server sees them, until there are some: how far apart, and by how many connections. */
  async function polls(): Promise<{ readonly seconds: number; readonly connections: number }> {
    await run("set global log_output = 'TABLE'", 'set global general_log = 1', 'truncate mysql.general_log')
    for (;;) {
      const [row] = await run(
        `select count(*) polls, count(distinct thread_id) connections,
           cast(timestampdiff(microsecond, min(event_time), max(event_time)) as signed) span
         from mysql.general_log where command_type <> 'Prepare' and argument like '${POLL}select%lookup_version%'`,
      )
      const { polls, connections, span } = row as Record<string, number>
      if (polls! >= 6) {
        await run('set global general_log = 0')
        return { seconds: span! / 1_000_000 / (polls! - 1), connections: connections! }
      }
      await setTimeout(200)
    }
  }

  async function ask(url: string): Promise<string> {
    const response = await fetch(url)
    return `${response.status} ${await response.text()}`
  }

  it('run in NestJS: typed injection, a scope, statuses, readiness and shutdown', async () => {
    await using project = await createRecipeProject({
      ...{ recipe: 'nestjs', databaseUrl: database.url, schemaFile: 'schema.ts' },
    })
    await project.write({
      'package.json': '{ "type": "module" }',
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          ...{ target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: true, types: ['node'] },
          ...{ lib: ['es2022', 'esnext.disposable'], experimentalDecorators: true, outDir: 'out' },
        },
        include: ['*.ts'],
      }),
    })
    const tsc = join(packages, 'typescript-5.9/bin/tsc')
    await expectCommand({ program: process.execPath, args: [tsc, '--pretty', 'false'], cwd: project.folder })
    const app = await startProgram({
      ...{ args: ['out/main.js'], cwd: project.folder, ready: /listening on (\S+)/ },
      env: { DATABASE_URL: database.url, PORT: '0' },
    })
    const url = /listening on (\S+)/.exec(app.output())![1]!
    assert.equal(await ask(`${url}/countries/FR`), '200 {"name":"France"}')
    assert.equal(await ask(`${url}/countries/XX`), '404 {"statusCode":404}')
    await app.stop()
    const [left] = await run(
      `select count(*) count from information_schema.processlist where db = database()`,
    )
    assert.equal(left!.count, 1, 'the connection that asks')
  })

  it('run in CommonJS, with an environment file, and compile by every moduleResolution', async () => {
    await using project = await createRecipeProject({
      ...{ recipe: 'commonjs', databaseUrl: database.url, schemaFile: 'schema.cjs' },
    })
    await project.write({
      '.env': `DATABASE_URL=${database.url}\n`,
      'main.cjs': `const { db, repos } = require('./lookups.cjs')
        repos.country.findByKey('FR').then(async (country) => {
          console.log(country.name)
          await repos.$close()
          await db.destroy()
        })`,
      'typed.ts': `import { repos } from './lookups.cjs'
        export const name: Promise<string | undefined> = repos.country.findByKey('FR').then((row) => row?.name)
        // @ts-expect-error A code is a string.
        export const wrong = () => repos.country.findByKey(7)`,
    })
    const inProject = (...args: string[]) =>
      expectCommand({ program: process.execPath, args, cwd: project.folder })
    assert.equal(await inProject('--env-file=.env', 'main.cjs'), 'France\n')
    const command = ['node_modules/kysely-lookup/dist/cli/bin.js', 'generate', '--out-file', 'schema.cjs']
    assert.equal(await inProject('--env-file=.env', ...command), 'schema.cjs is current\n')
    for (const [moduleResolution, module] of [
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['bundler', 'esnext'],
    ] as const) {
      await project.write({
        'tsconfig.json': JSON.stringify({
          compilerOptions: {
            ...{
              moduleResolution,
              module,
              target: 'es2022',
              lib: ['es2023', 'esnext.disposable'],
              strict: true,
            },
            ...{ skipLibCheck: true, types: ['node'], allowJs: true, noEmit: true },
          },
          include: ['typed.ts'],
        }),
      })
      await inProject(join(packages, 'typescript-5.9/bin/tsc'), '--pretty', 'false')
    }
  })

  for (const mode of ['dev', 'build'] as const) {
    it(`run in Next.js, next ${mode}: one pool and one poll for routes, pages and reloads`, async (t) => {
      await using project = await createRecipeProject({
        ...{ recipe: 'next', databaseUrl: database.url, schemaFile: 'lib/schema.ts' },
      })
      const { folder, write } = project
      await write({
        'package.json': '{ "private": true }',
        'app/layout.tsx': `import type { ReactNode } from 'react'
          export default function Layout({ children }: { children: ReactNode }) {
            return <html><body>{children}</body></html>
          }`,
      })
      const next = join(packages, 'next/dist/bin/next')
      const env = { DATABASE_URL: database.url, NEXT_TELEMETRY_DISABLED: '1', CI: '1' }
      if (mode === 'build')
        await expectCommand({ program: process.execPath, args: [next, 'build'], cwd: folder, env })
      const command = mode === 'dev' ? 'dev' : 'start'
      await using app = await startProgram({
        ...{ args: [next, command, '-p', '0', '-H', '127.0.0.1'], cwd: folder, env, ready: /Ready in/ },
      })
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(app.output())![0]
      const route = `${url}/api/countries/FR`
      const page = `${url}/countries/FR`
      assert.equal(await ask(route), '200 {"code":"FR","name":"France"}', app.output())
      assert.match(await ask(page), /^200 .*<title>France<\/title>.*<h1>France<\/h1>/s)
      assert.match(await ask(`${url}/api/countries/XX`), /^404/)
      if (mode === 'dev') {
        const file = 'lib/lookups.ts'
        const source = await readFile(join(folder, file), 'utf8')
        for (let edit = 1; edit <= 5; edit++) {
          for (let attempt = 1; ; attempt++) {
            // Next.js misses a change of a file that it is just compiling, and the same text again is no change to it.
            await write({
              [file]: `${source}\nexport const edit = ${edit} // ${attempt}\n`,
              'app/edit/route.ts': routeOf(edit),
            })
            if ((await ask(`${url}/edit`)) === `200 ${edit} ${edit}`) break
            await setTimeout(500)
          }
          assert.match(await ask(page), /^200/)
          assert.match(await ask(route), /^200/)
        }
      }
      const { seconds, connections } = await polls()
      t.diagnostic(`${seconds.toFixed(2)} s between polls, on ${connections} connections`)
      // Two sets of repositories would poll twice a second. Under load, polls come later, never earlier.
      assert.ok(seconds > 0.8, `${seconds} s between polls`)
      assert.ok(connections <= 2, `polls on ${connections} connections`)
    })
  }
})

/** Answers with the edit that it is, and with that of the module that it loads. */
function routeOf(edit: number): string {
  return `import { edit } from '../../lib/lookups'
    export const dynamic = 'force-dynamic'
    export const GET = () => new Response('${edit} ' + edit)`
}
