import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** All that tests ask of the server under test goes through it. */
const SERVER = fileURLToPath(new URL('../server.ts', import.meta.url))

const known = new Map<string, readonly string[]>()

/** Whether a test file, or a file that it imports or starts, asks for the server under test: others pass or fail on each alike. */
export function usesServer(file: string): boolean {
  if (!existsSync(file)) return true
  const reached = new Set<string>([resolve(file)])
  for (const path of reached) {
    if (path === SERVER) return true
    for (const next of mentioned(path)) reached.add(next)
  }
  return false
}

/** The files of the project that a file names by a relative path. */
function mentioned(path: string): readonly string[] {
  let files = known.get(path)
  if (!files) {
    const names = readFileSync(path, 'utf8').matchAll(/'(\.{1,2}\/[^'\n]+\.ts)'/g)
    files = Array.from(names, ([, name]) => join(dirname(path), name!)).filter((file) => existsSync(file))
    known.set(path, files)
  }
  return files
}
