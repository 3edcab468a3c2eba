/** What it costs a program to import the library: milliseconds of a process that does nothing else, and what is loaded. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import { compare } from '../rounds.ts'
import type { SideProcess } from '../side-process.ts'

const IMPORTS = {
  'kysely, mysql2, dataloader': ['kysely', 'mysql2', 'dataloader'],
  'kysely-lookup': ['../../dist/index.js'],
  'layered-loader/core': ['layered-loader/core'],
  bentocache: ['bentocache'],
  'Prisma client and adapter': ['@prisma/client/runtime/client', '@prisma/adapter-mariadb'],
  'drizzle-orm/mysql2': ['drizzle-orm/mysql2'],
  typeorm: ['typeorm'],
  '@mikro-orm/mysql': ['@mikro-orm/mysql'],
  sequelize: ['sequelize'],
}

const probe = fileURLToPath(new URL('startup-probe.ts', import.meta.url))

export async function startup({ quick }: BenchContext): Promise<Figure[]> {
  const baseline = 'kysely, mysql2, dataloader'
  const comparison = await compare({
    baseline,
    processes: 1,
    rounds: quick ? 5 : 15,
    warmup: 1,
    sides: Object.fromEntries(
      Object.entries(IMPORTS).map(([name, specifiers]) => [name, async () => importing(specifiers)]),
    ),
  })
  const common = { case: 'startup', server: 'no server', what: 'import', unit: 'ms' }
  return figuresOf(common, comparison, baseline)
}

/** Each round is a process. */
function importing(specifiers: readonly string[]): SideProcess {
  const program = specifiers.map((specifier) => `import ${JSON.stringify(specifier)}`).join('\n')
  return {
    async round() {
      const { stdout } = await promisify(execFile)(process.execPath, [probe, program])
      return JSON.parse(stdout)
    },
    async stop() {},
  }
}
