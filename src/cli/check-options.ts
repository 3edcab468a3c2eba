import { parseArgs } from 'node:util'
import { findingCodes, noteCodes } from '../check/finding.ts'
import { UsageError } from './command.ts'
import { CONNECTION_FLAGS, CONNECTION_HELP, type ConnectionOptions, timeoutOf } from './connection.ts'
import { DEFAULT_OUT_FILE } from './generate.ts'

export const HELP = `Usage: kysely-lookup check [options]

Looks for what would make repositories wrong, slow or refused: in the generated file, the migrations, the database and
the service's settings. Prints a line for each finding, with what to do about it.

  --repositories FILE        a module that exports what createRepositories made (FILE#NAME where it exports several):
                             its tables, cache modes, user, pool and settings are checked
  --immutable A,B            without such a module: tables that are cached as 'immutable' …
  --versioned C,D            … and as 'versioned'; both may be repeated
  --out-file FILE            the generated file (default: ${DEFAULT_OUT_FILE})
  --migrations FOLDER        the migrations (default: as kysely.config says, or ./migrations)
  --connections N            how many connections to the server all processes of the service hold together
  --ignore CODE              leave out findings of this code, or CODE:TABLE; may be repeated
  --json                     one JSON object in place of the lines
  -h, --help                 this text

Exit code: 0 nothing found, 1 findings, 2 the check could not run.

${CONNECTION_HELP}

It should be that of the user that migrates, who sees triggers and foreign keys. Where there is none, the check reads
through the repositories.
`

export interface CheckOptions extends ConnectionOptions {
  readonly repositories: string | undefined
  /** By repository name; undefined if no flag named a table. */
  readonly modes: ReadonlyMap<string, 'immutable' | 'versioned'> | undefined
  readonly outFile: string
  /** Whether the flag was given. */
  readonly outFileGiven: boolean
  readonly migrations: string | undefined
  readonly connections: number | undefined
  readonly ignore: readonly string[]
  readonly json: boolean
}

/** @throws UsageError for flags that contradict each other or have wrong values. */
export function parseCheckOptions(args: readonly string[]): CheckOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...CONNECTION_FLAGS,
      repositories: { type: 'string' },
      immutable: { type: 'string', multiple: true },
      versioned: { type: 'string', multiple: true },
      'out-file': { type: 'string' },
      migrations: { type: 'string' },
      connections: { type: 'string' },
      ignore: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
  })
  const modes = modesOf(values.immutable, values.versioned)
  if (modes && values.repositories !== undefined) {
    throw new UsageError(
      '--repositories says how tables are cached, so that --immutable and --versioned exclude it',
    )
  }
  for (const ignored of values.ignore) {
    const code = ignored.split(':', 1)[0]
    const codes = [...findingCodes, ...noteCodes]
    if (!codes.some((known) => known === code)) {
      throw new UsageError(`--ignore ${ignored}: there is no such code; they are ${codes.join(', ')}`)
    }
  }
  if (values.connections !== undefined && !/^[1-9]\d{0,8}$/.test(values.connections)) {
    throw new UsageError(`--connections is a positive integer, not ${values.connections}`)
  }
  return {
    url: values.url,
    config: values.config,
    environment: values.environment,
    timeout: timeoutOf(values.timeout),
    repositories: values.repositories,
    modes,
    outFile: values['out-file'] ?? DEFAULT_OUT_FILE,
    outFileGiven: values['out-file'] !== undefined,
    migrations: values.migrations,
    connections: values.connections === undefined ? undefined : Number(values.connections),
    ignore: values.ignore,
    json: values.json,
  }
}

function modesOf(
  immutable: readonly string[] | undefined,
  versioned: readonly string[] | undefined,
): Map<string, 'immutable' | 'versioned'> | undefined {
  if (!immutable && !versioned) return undefined
  const modes = new Map<string, 'immutable' | 'versioned'>()
  for (const [mode, lists = []] of [
    ['immutable', immutable],
    ['versioned', versioned],
  ] as const) {
    for (const name of lists.flatMap((list) => list.split(',')).map((name) => name.trim())) {
      if (name === '') continue
      if (modes.has(name) && modes.get(name) !== mode) {
        throw new UsageError(`${name} is named by --immutable and by --versioned`)
      }
      modes.set(name, mode)
    }
  }
  return modes
}
