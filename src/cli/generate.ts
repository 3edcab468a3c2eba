import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { generatedFile, isGeneratedFile } from '../codegen/generated-file.ts'
import type { DecodingOptions } from '../decoding.ts'
import { camelCaseMapping, defaultCamelCaseMapping, type NameMapping } from '../plugins.ts'
import { readSchema, type Schema, type SchemaTable } from '../schema.ts'
import { type Command, CommandError, UsageError } from './command.ts'
import { CONNECTION_FLAGS, CONNECTION_HELP, type ConnectionOptions } from './connection.ts'
import { lineDiff } from './line-diff.ts'
import { tableFilter } from './table-filter.ts'
import { withConnection } from './with-connection.ts'

const DEFAULT_OUT_FILE = 'src/schema.ts'

const HELP = `Usage: kysely-lookup generate [options]

Reads the schema of a MySQL or MariaDB database and writes one TypeScript file: the DB interface for Kysely
and the tables for createRepositories.

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
  -h, --help                 this text

${CONNECTION_HELP}

Kysely's migration tables are left out. Views and tables without a primary key are in DB, for queries, and not
in tables, for no row can be looked up in them; each is named on the terminal.
`

interface GenerateOptions extends ConnectionOptions {
  readonly outFile: string
  readonly print: boolean
  readonly verify: boolean
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly decoding: DecodingOptions
  readonly camelCase: boolean
}

/** `kysely-lookup generate` */
export const generate: Command = {
  name: 'generate',
  summary: 'writes types and key metadata of a database to a TypeScript file',
  help: HELP,
  async run(args) {
    const options = parse(args)
    const { schema, mapping } = await withConnection(options, async (db) => ({
      schema: await readSchema(db),
      mapping: options.camelCase ? (camelCaseMapping(db) ?? defaultCamelCaseMapping()) : undefined,
    }))
    const tables = selectedTables(schema, options)
    if (mapping) refuseEqualNames(tables, mapping)
    const nameOf = mapping?.toJavaScript
    const source = generatedFile(tables, { ...options.decoding, ...(nameOf && { nameOf }) })
    if (options.verify) return await verify(options.outFile, source)
    if (options.print) process.stdout.write(source)
    else await write(options.outFile, source)
    for (const notice of [...notices(tables), ...nameNotices(tables, mapping)])
      console.error(`kysely-lookup: ${notice}`)
    return 0
  },
}

function parse(args: readonly string[]): GenerateOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...CONNECTION_FLAGS,
      'out-file': { type: 'string', default: DEFAULT_OUT_FILE },
      print: { type: 'boolean', default: false },
      verify: { type: 'boolean', default: false },
      'include-pattern': { type: 'string', multiple: true, default: [] },
      'exclude-pattern': { type: 'string', multiple: true, default: [] },
      bigint: { type: 'string', default: 'number' },
      tinyint1: { type: 'string', default: 'number' },
      'zero-dates': { type: 'string', default: 'error' },
      'camel-case': { type: 'boolean', default: false },
    },
  })
  if (values.print && values.verify) throw new UsageError('--print and --verify exclude each other')
  if (values['out-file'] === '') throw new UsageError('--out-file is empty')
  return {
    url: values.url,
    config: values.config,
    environment: values.environment,
    outFile: values['out-file'],
    print: values.print,
    verify: values.verify,
    include: values['include-pattern'],
    exclude: values['exclude-pattern'],
    camelCase: values['camel-case'],
    decoding: {
      bigint: oneOf('--bigint', values.bigint, ['number', 'bigint', 'string'] as const),
      tinyint1: oneOf('--tinyint1', values.tinyint1, ['number', 'boolean'] as const),
      zeroDates: oneOf('--zero-dates', values['zero-dates'], ['error', 'null'] as const),
    },
  }
}

function oneOf<const T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value)
  if (found === undefined) throw new UsageError(`${flag} is one of ${allowed.join(', ')}, not ${value}`)
  return found
}

function selectedTables({ database, tables }: Schema, { include, exclude }: GenerateOptions): SchemaTable[] {
  const wanted = tableFilter({ database, include, exclude })
  const selected = tables.filter(({ metadata }) => wanted(metadata.name))
  if (selected.length > 0) return selected
  throw new CommandError(
    include.length + exclude.length > 0
      ? `no table of the database ${database} matches the patterns.`
      : `the database ${database} has no tables. Run the migrations first (npx kysely migrate:latest).`,
  )
}

/** What a repository cannot serve, table by table. */
function notices(tables: readonly SchemaTable[]): string[] {
  return tables.flatMap(({ metadata: { name, columns }, unsupported, omittedIndexes }) => {
    if (unsupported) {
      const consequence = columns.length > 0 ? 'only in DB, not in tables' : 'left out'
      return [`${name}: ${consequence}: ${unsupported}`]
    }
    return omittedIndexes.map(
      (index) => `${name}: ${index.unique ? 'unique ' : ''}index ${index.name} is left out: ${index.reason}`,
    )
  })
}

/** Two names of the database must not become one. */
function refuseEqualNames(tables: readonly SchemaTable[], { toJavaScript }: NameMapping): void {
  const lists = [
    { where: 'tables', names: tables.map(({ metadata }) => metadata.name) },
    ...tables.map(({ metadata }) => ({
      where: `columns of ${metadata.name}`,
      names: metadata.columns.map(({ name }) => name),
    })),
  ]
  for (const { where, names } of lists) {
    for (const [name, equal] of Map.groupBy(names, toJavaScript)) {
      if (equal.length > 1) {
        throw new CommandError(`--camel-case calls the ${where} ${equal.join(' and ')} all ${name}.`)
      }
    }
  }
}

/** Names that the plugin does not bring back: a repository reads them, other queries cannot name them. */
function nameNotices(tables: readonly SchemaTable[], mapping: NameMapping | undefined): string[] {
  if (!mapping) return []
  return tables.flatMap(({ metadata }) =>
    [metadata.name, ...metadata.columns.map(({ name }) => name)]
      .filter((name) => mapping.toDatabase(mapping.toJavaScript(name)) !== name)
      .map((name) => {
        const camel = mapping.toJavaScript(name)
        return `${metadata.name}: CamelCasePlugin reads ${name} as ${camel}, which it writes as ${mapping.toDatabase(camel)}: plain queries cannot name it with these options of the plugin`
      }),
  )
}

async function verify(file: string, wanted: string): Promise<number> {
  const current = await readIfThere(file)
  if (current === undefined) throw new CommandError(`${file} does not exist. Run kysely-lookup generate.`)
  // A checkout may have changed the line ends.
  const unified = current.replaceAll('\r\n', '\n')
  if (unified === wanted) {
    console.log(`${file} is current`)
    return 0
  }
  process.stdout.write(lineDiff({ name: file, current: unified, wanted }))
  throw new CommandError(`${file} is stale. Run kysely-lookup generate.`)
}

async function write(file: string, source: string): Promise<void> {
  const current = await readIfThere(file)
  if (current === source) return console.log(`${file} is current`)
  if (current !== undefined && !isGeneratedFile(current)) {
    throw new CommandError(
      `${file} was not generated by kysely-lookup and is left alone. Give another --out-file, or remove it first.`,
    )
  }
  try {
    await makeFolder(dirname(file))
    await writeFile(file, source)
  } catch (error) {
    throw fileFailure('write', file, error)
  }
  console.log(`${file} written`)
}

/** Not `mkdir`'s own `recursive`, which never ends where the system refuses with ENOENT, as in /proc. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error
    await makeFolder(dirname(folder))
    await mkdir(folder)
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw fileFailure('read', file, error)
  }
}

const FILE_FAILURES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENOENT: 'its folder cannot be made',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'a part of its path is not a folder',
  ENOSPC: 'the disk is full',
}

function fileFailure(verb: 'read' | 'write', file: string, error: unknown): CommandError {
  const { code = '', message } = error as NodeJS.ErrnoException
  return new CommandError(`cannot ${verb} ${file}: ${FILE_FAILURES[code] ?? message}`, { cause: error })
}
