import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

type Module = Readonly<Record<string, unknown>>

/**
 * Loads a module of the user's project: as Node does, TypeScript included where it strips types, and else with the
 * loader of kysely-ctl where that is installed, which knows older Nodes and imports without an extension.
 */
export async function loadUserModule(file: string): Promise<Module> {
  const path = resolve(file)
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    const loader = isLoadingFailure(error) ? await jitiOf(path) : undefined
    if (!loader) throw error
    return await loader.import(path)
  }
}

const LOADING_FAILURES = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
])

function isLoadingFailure(error: unknown): boolean {
  return LOADING_FAILURES.has(String((error as { code?: unknown } | undefined)?.code))
}

interface Jiti {
  import(path: string): Promise<Module>
}

async function jitiOf(path: string): Promise<Jiti | undefined> {
  let found: string
  try {
    const kyselyCtl = createRequire(path).resolve('kysely-ctl')
    found = createRequire(kyselyCtl).resolve('jiti')
  } catch {
    return undefined
  }
  const { createJiti }: { createJiti(from: string): Jiti } = await import(pathToFileURL(found).href)
  return createJiti(pathToFileURL(path).href)
}
