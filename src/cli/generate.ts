import { relative, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { withoutCarriageReturns } from '../check/generated-file.ts'
import type { GenerateRequest } from '../codegen/command-line.ts'
import { type Command, CommandError, UsageError } from './command.ts'
import { CONNECTION_FLAGS, CONNECTION_HELP, type ConnectionOptions, timeoutOf } from './connection.ts'
import { describeFailure } from './failure.ts'
import { compareFile } from './file-comparison.ts'
import { syntaxOf } from './file-syntax.ts'
import { findingLine } from './finding-line.ts'
import { outFileIn, REQUEST_FLAGS, requestOf } from './generate-request.ts'
import { generatedSource } from './generated-source.ts'
import { MIGRATION_TABLES } from './kysely-config.ts'
import { lineDiff } from './line-diff.ts'
import { migrationTables, namesMigrationTables } from './project-migrations.ts'
import { readIfThere, writeGenerated } from './source-file.ts'
import { print } from './supervision.ts'
import { withConnection } from './with-connection.ts'

export const DEFAULT_OUT_FILE = 'src/schema.ts'

const HELP = `Usage: kysely-lookup generate [options]

Reads the schema of a MySQL or MariaDB database and writes one file: the DB interface for Kysely and the tables
for createRepositories. It is TypeScript, or JavaScript with types in comments for .js, .mjs and .cjs.

  --out-file FILE            where to write (default: ${DEFAULT_OUT_FILE}); folders are made as needed
  --print                    write to the terminal instead
  --verify                   write nothing; exit with 1 and a diff if the file is not what would be written
  --include-pattern GLOB     only these tables (may be repeated); with a dot it means database.table
  --exclude-pattern GLOB     not these tables (may be repeated)
  --bigint TYPE              BIGINT as number (default), bigint or string, as given to createDatabase
  --tinyint1 TYPE            TINYINT(1) as number (default) or boolean, as given to createDatabase
  --zero-dates RESULT        0000-00-00 in DATETIME and TIMESTAMP: error (default) or null, as given to createDatabase
  --camel-case               names as Kysely's CamelCasePlugin makes them; with its options where the instance of
                             kysely.config.ts has the plugin
  --constants TABLE:COLUMN   the keys that small tables have there as constants and as types (may be repeated, or with
                             commas): a lookup of one of them is not undefined, and another does not compile.
                             TABLE:COLUMN=OTHER names them by the values of another column: order_status:id=slug
  -h, --help                 this text

${CONNECTION_HELP}

Kysely's migration tables are left out. Views and tables without a primary key are in DB, for queries, and not
in tables, for no row can be looked up in them; each is named on the terminal.
`

interface GenerateOptions extends ConnectionOptions {
  readonly outFile: string
  readonly print: boolean
  readonly verify: boolean
  readonly request: GenerateRequest
}

/** `kysely-lookup generate` */
export const generate: Command = {
  name: 'generate',
  summary: 'writes types and key metadata of a database to a file',
  help: HELP,
  async run(args) {
    const options = parse(args)
    if (options.verify) return await verify(options)
    const syntax = await syntaxOf(options.outFile)
    const request = { ...options.request, ...placeOf(options), syntax }
    const { source, notices } = await withConnection(options, async (db) => {
      const { tables, notices } = await bookkeepingOf(options)
      const generated = await generatedSource({ db, request, migrationTables: tables })
      return { source: generated.source, notices: [...notices, ...generated.notices] }
    })
    if (options.print) await print(source)
    else await writeGenerated(options.outFile, source)
    for (const notice of notices) console.error(`kysely-lookup: ${notice}`)
    return 0
  },
}

async function bookkeepingOf(
  options: GenerateOptions,
): Promise<{ readonly tables: readonly string[]; readonly notices: readonly string[] }> {
  try {
    const named = options.url === undefined || (await namesMigrationTables(options))
    return { tables: named ? await migrationTables(options) : MIGRATION_TABLES, notices: [] }
  } catch (error) {
    if (options.url === undefined) throw error
    const reason = describeFailure(error).replace(/\.$/, '')
    const notice = `${reason}. Only migration tables with Kysely's own names are left out.`
    return { tables: MIGRATION_TABLES, notices: [notice] }
  }
}

function parse(args: readonly string[]): GenerateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...CONNECTION_FLAGS,
      'out-file': { type: 'string', default: DEFAULT_OUT_FILE },
      print: { type: 'boolean', default: false },
      verify: { type: 'boolean', default: false },
      ...REQUEST_FLAGS,
    },
  })
  if (values.print && values.verify) throw new UsageError('--print and --verify exclude each other')
  if (values['out-file'] === '') throw new UsageError('--out-file is empty')
  return {
    url: values.url,
    config: values.config,
    environment: values.environment,
    timeout: timeoutOf(values.timeout),
    outFile: values['out-file'],
    print: values.print,
    verify: values.verify,
    request: requestOf(values),
  }
}

/** The path for the file's first lines: relative to this folder, absent for the default and for `--print`. */
function placeOf({ outFile, print }: GenerateOptions): Pick<GenerateRequest, 'outFile'> {
  const place = relative('', outFile).replaceAll(sep, '/')
  return print || place === DEFAULT_OUT_FILE ? {} : { outFile: place }
}

async function verify(options: GenerateOptions): Promise<number> {
  const { outFile: file } = options
  const current = await readIfThere(file)
  if (current === undefined) throw new CommandError(`${file} does not exist. Run kysely-lookup generate.`)
  const request = { ...options.request, ...outFileIn(current), syntax: await syntaxOf(file) }
  const { findings, wanted } = await withConnection(options, async (db) => {
    const { tables } = await bookkeepingOf(options)
    return await compareFile({ file, current, db, request, migrationTables: tables })
  })
  if (findings.length === 0) {
    await print(`${file} is current\n`)
    return 0
  }
  const unified = withoutCarriageReturns(current)
  if (wanted !== undefined) await print(lineDiff({ name: file, current: unified, wanted }))
  for (const finding of findings) console.error(`kysely-lookup: ${findingLine(finding)}`)
  return 1
}
