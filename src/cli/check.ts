import { type Kysely, sql } from 'kysely'
import { checkService, joined } from '../check/all-checks.ts'
import type { Finding, Report, Skipped } from '../check/finding.ts'
import { checkMigrations } from '../check/migrations.ts'
import { checkTables } from '../check/tables.ts'
import type { Assembly } from '../repositories/assembly.ts'
import { checkSourceFile, GENERATED_FILE, requireFile } from './check-file.ts'
import { type CheckOptions, HELP, parseCheckOptions } from './check-options.ts'
import { assumedService, loadRepositories, serviceOf } from './check-target.ts'
import { type Command, CommandError } from './command.ts'
import { expectAnswer, hasConnection } from './connection.ts'
import { describeFailure } from './failure.ts'
import { findingLine } from './finding-line.ts'
import { migrationTables, projectMigrations } from './project-migrations.ts'
import { configurationFinding, Refusal, refusalIn } from './refusal.ts'
import { print } from './supervision.ts'
import { withConnection } from './with-connection.ts'

/** `kysely-lookup check` */
export const check: Command = {
  name: 'check',
  summary: 'looks for what would make lookups wrong, slow or refused, for CI and deploys',
  help: HELP,
  async run(args) {
    const options = parseCheckOptions(args)
    const { findings, skipped, ...report } = await inspect(options)
    const counted = findings.filter((finding) => !isIgnored(finding, options.ignore))
    const notes = report.notes.filter(({ code }) => !options.ignore.includes(code))
    if (options.json) await print(`${JSON.stringify({ findings: counted, notes, skipped }, undefined, 2)}\n`)
    else {
      for (const { message, fix } of notes) console.error(`kysely-lookup: note: ${message}. ${fix}`)
      for (const { what, reason } of skipped) console.error(`kysely-lookup: not checked: ${what}: ${reason}`)
      const lines = counted.length > 0 ? counted.map(findingLine) : [nothingFound(skipped)]
      await print(lines.map((line) => `${line}\n`).join(''))
    }
    return counted.length > 0 ? 1 : 0
  },
}

function nothingFound(skipped: readonly Skipped[]): string {
  const compared = skipped.every(({ what }) => what !== GENERATED_FILE)
  return compared ? 'nothing found' : `nothing found, but ${GENERATED_FILE} was not compared`
}

function isIgnored({ code, table }: Finding, ignore: readonly string[]): boolean {
  return ignore.includes(code) || ignore.includes(`${code}:${table}`)
}

async function inspect(options: CheckOptions): Promise<Required<Report>> {
  try {
    const assembly = options.repositories === undefined ? undefined : await repositoriesOf(options)
    if (assembly) await expectAnswer({ db: assembly.db, origin: options.repositories!, secrets: [] })
    const work = (owner: Kysely<unknown>) => inspectDatabase(options, owner, assembly)
    return assembly && !hasConnection(options) ? await work(assembly.db) : await withConnection(options, work)
  } catch (error) {
    const finding = refusalIn(error)
    if (!finding) throw error
    return {
      findings: [finding],
      notes: [],
      skipped: [{ what: 'everything else', reason: 'it is refused before' }],
    }
  }
}

async function repositoriesOf({ repositories: given = '', timeout }: CheckOptions): Promise<Assembly> {
  try {
    return await loadRepositories({ given, timeout })
  } catch (error) {
    if (error instanceof CommandError) throw error
    const finding = configurationFinding(error)
    if (finding) throw new Refusal(finding, { cause: error })
    throw new CommandError(`${given} cannot be loaded: ${describeFailure(error)}`, { cause: error })
  }
}

async function inspectDatabase(
  options: CheckOptions,
  owner: Kysely<unknown>,
  assembly: Assembly | undefined,
): Promise<Required<Report>> {
  const optional = assembly !== undefined && !options.outFileGiven
  if (!optional) await requireFile(options.outFile)
  if (assembly) await requireSameDatabase(owner, assembly.db)
  const { target, skipped } = assembly
    ? { target: serviceOf(assembly, owner), skipped: [] }
    : await assumedService(options, owner)
  const tables = await checkTables(target)
  return joined([
    { findings: [], skipped },
    tables.denied ? DENIED : await fileReport(options, { owner, assembly, optional }),
    await migrationReport(options, owner),
    await checkService({ ...target, connections: options.connections }, tables),
  ])
}

/** For a user who does not see all tables, every file would be stale. */
const DENIED: Report = {
  findings: [],
  skipped: [
    {
      what: GENERATED_FILE,
      reason: 'the user may not read all of its tables; use the connection of the user that migrates',
    },
  ],
}

async function fileReport(
  options: CheckOptions,
  service: {
    readonly owner: Kysely<unknown>
    readonly assembly: Assembly | undefined
    readonly optional: boolean
  },
): Promise<Report> {
  const { owner, assembly, optional } = service
  const naming = assembly?.db ?? owner
  const bookkeeping = await migrationTables(options)
  return await checkSourceFile({
    ...{ file: options.outFile, optional, owner, naming },
    migrationTables: bookkeeping,
  })
}

async function requireSameDatabase(owner: Kysely<unknown>, service: Kysely<unknown>): Promise<void> {
  if (owner === service) return
  const [one, other] = [await databaseOf(owner), await databaseOf(service)]
  if (one === other) return
  throw new CommandError(
    `the connection is to the database ${one} and the repositories read ${other}. Name the same database with --url or --config.`,
  )
}

async function databaseOf(db: Kysely<unknown>): Promise<string | undefined> {
  const { rows } = await sql<{ name: string }>`select database() as name`.execute(db.withoutPlugins())
  return rows[0]?.name
}

async function migrationReport(
  { migrations: folder, config, environment, timeout }: CheckOptions,
  owner: Kysely<unknown>,
): Promise<Report> {
  const migrations = await projectMigrations({ folder, config, environment, timeout })
  if (migrations) return await checkMigrations(owner, migrations)
  const reason = 'no folder of migrations was found; name it with --migrations'
  return { findings: [], skipped: [{ what: 'migrations', reason }] }
}
