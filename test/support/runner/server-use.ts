import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Of which servers a test file has to be run on:
 *
 * - `none`: it asks no server.
 * - `system`: one MariaDB and one MySQL are enough.
 * - `version`: each server may answer differently.
 */
export type ServerUse = 'none' | 'system' | 'version'

const TESTS = fileURLToPath(new URL('../..', import.meta.url))

/** What leads to the server under test. These exports alone do not: they are given a URL, a database, or nothing. */
const LEADING: Readonly<Record<string, Readonly<Record<string, ServerUse>>>> = {
  [join(TESTS, 'support/server.ts')]: {
    identifyServer: 'none',
    runStatements: 'none',
    statementCounter: 'none',
    NO_SERVER: 'none',
    systemUnderTest: 'system',
  },
  [join(TESTS, 'support/lookups.ts')]: { COUNTRIES: 'none', metadataOf: 'none', numbered: 'none' },
}

/**
 * What these folders are about begins where an answer of the server has been read: the statements are sent by other rooms,
 * whose tests run on each server. A new folder is not among them until somebody says why.
 */
const ABOVE_STATEMENTS: Readonly<Record<string, string>> = {
  cli: 'arguments, exit codes, what is printed; check, codegen, schema and versions ask',
  examples: 'what a service does over HTTP',
  frameworks: 'when the scope of a request begins and ends',
  history:
    'the history checker with planted faults, and processes over stores; versions has those without one',
  opentelemetry: 'spans and metrics of what was counted',
  page: 'HTTP, events and what a browser shows',
  project: 'documents, examples and the package as users run them',
  redis: 'what is kept in Redis, and what is heard from it',
  store: 'what other processes find; columns has the values, verification the looks at what the tables are',
}

const known = new Map<string, Mentions>()

/** By what a test file asks, and by what the files ask that it imports or starts. */
export function serverUse(file: string): ServerUse {
  if (!existsSync(file)) return 'version'
  const [room = ''] = relative(TESTS, resolve(file)).split(sep)
  const use = useOfAll(resolve(file))
  return use === 'version' && ABOVE_STATEMENTS[room] ? 'system' : use
}

function useOfAll(file: string): ServerUse {
  const reached = new Set<string>([file])
  let use: ServerUse = 'none'
  for (const path of reached) {
    const { files, uses } = mentionsIn(path)
    if (uses.includes('version')) return 'version'
    if (uses.includes('system')) use = 'system'
    for (const next of files) reached.add(next)
  }
  return use
}

interface Mentions {
  /** The files of the project that a file names, as imports or otherwise. */
  readonly files: readonly string[]
  /** What it takes from the files of LEADING. */
  readonly uses: readonly ServerUse[]
}

function mentionsIn(path: string): Mentions {
  let mentions = known.get(path)
  if (!mentions) {
    const text = readFileSync(path, 'utf8').replaceAll(TYPES, '')
    const named = Array.from(
      text.matchAll(/['"]((?:\.{1,2}|file:\/)\/[^'"\n]+\.ts)['"]/g),
      ([, name]) => name!,
    )
    const files = named.map((name) => pathOf(name, path)).filter((file) => existsSync(file))
    mentions = {
      files: files.filter((file) => !LEADING[file]),
      uses: files.flatMap((file) => (LEADING[file] ? usesIn(text, { path, of: file }) : [])),
    }
    known.set(path, mentions)
  }
  return mentions
}

/** Imports that are gone when the file runs. */
const TYPES = /^import type [^']*'[^']*'$/gm

function usesIn(text: string, { path, of }: { readonly path: string; readonly of: string }): ServerUse[] {
  const names = Array.from(text.matchAll(/^import \{([^}]*)\} from '([^'\n]+)'$/gm))
    .filter(([, , from]) => pathOf(from!, path) === of)
    .flatMap(([, list]) => list!.split(',').flatMap((name) => name.trim() || []))
    .filter((name) => !name.startsWith('type '))
  // What names the file without importing from it by name may ask anything.
  if (names.length === 0) return ['version']
  return names.map((name) => LEADING[of]![name] ?? 'version')
}

function pathOf(name: string, from: string): string {
  return name.startsWith('file:') ? fileURLToPath(name) : join(dirname(from), name)
}
