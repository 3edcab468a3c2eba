import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CommandError } from './command.ts'
import { describeFailure } from './failure.ts'
import { whileLoading } from './supervision.ts'

type Module = Readonly<Record<string, unknown>>

/** Loads a module of the user's project within a time limit. */
export async function loadUserModule(options: {
  readonly file: string
  readonly timeout: number
}): Promise<Module> {
  return await whileLoading(options, () => importUserModule(options.file))
}

/**
 * Loads a module with Node, which strips types from 22.18 on, or else with jiti, the loader of kysely-ctl. jiti supports older
 * Nodes, imports without an extension and the paths of a tsconfig.
 */
export async function importUserModule(file: string): Promise<Module> {
  const path = resolve(file)
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    if (!isLoadingFailure(error)) throw error
    const jiti = await kyselyCtlPackage(() => import('jiti'))
    if (!jiti)
      throw new CommandError(`${describeFailure(error)}. Install jiti, which loads what Node cannot.`)
    return await jiti.createJiti(pathToFileURL(path).href, JITI_OPTIONS).import(path)
  }
}

const LOADING_FAILURES = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
])

function isLoadingFailure(error: unknown): boolean {
  // Node does not know types: to it, a type imported like a value is a SyntaxError.
  if (error instanceof SyntaxError) return true
  return LOADING_FAILURES.has(String((error as { code?: unknown } | undefined)?.code))
}

/** The options that kysely-ctl gives it. */
export const JITI_OPTIONS = { fsCache: false, jsx: true, tsconfigPaths: process.cwd() }

/** A package that comes with kysely-ctl; undefined if it is not installed. */
export async function kyselyCtlPackage<T>(load: () => Promise<T>): Promise<T | undefined> {
  try {
    return await load()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}
