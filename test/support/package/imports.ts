import { expectCommand } from './command.ts'
import type { Consumer } from './consumer.ts'

// Prints what a program resolves: who asked, for what, and what it was.
const RECORDER = `
import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

const imports = []
registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    imports.push({ by: context.parentURL, specifier, url: resolved.url })
    return resolved
  },
})
process.on('exit', () => writeSync(1, JSON.stringify(imports)))
`

interface Import {
  readonly by?: string
  readonly specifier: string
  readonly url: string
}

/** What importing an entry of the installed package loads. */
export interface LoadedModules {
  /** The packages that the package's own files ask for, sorted. */
  readonly packages: readonly string[]
  /** The package's own files, sorted. */
  readonly files: readonly string[]
  /** How many files of other packages, those that they load themselves included; Node's own do not count. */
  readonly others: number
}

/** Imports an entry (a key of `exports`) in a process of its own. */
export async function loadedModules(consumer: Consumer, entry: string): Promise<LoadedModules> {
  await consumer.write('recorder.mjs', RECORDER)
  const specifier = entry.replace(/^\./, 'kysely-lookup')
  const output = await expectCommand({
    program: process.execPath,
    args: ['--import', './recorder.mjs', '--input-type=module', '--eval', `import '${specifier}'`],
    cwd: consumer.folder,
  })
  const imports: Import[] = JSON.parse(output)
  const { packageUrl } = consumer
  const asked = imports
    .filter(({ by }) => by?.startsWith(packageUrl))
    .map(({ specifier }) => specifier)
    .filter((specifier) => !/^(\.{1,2}\/|node:)/.test(specifier))
  const own = imports.filter(({ url }) => url.startsWith(packageUrl))
  return {
    packages: sortedSet(asked.map(packageName)),
    files: sortedSet(own.map(({ url }) => url.slice(packageUrl.length))),
    others: new Set(
      imports
        .map(({ url }) => url)
        .filter(
          (url) => url.startsWith('file:') && /\/node_modules\//.test(url) && !url.startsWith(packageUrl),
        ),
    ).size,
  }
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

function sortedSet(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].sort()
}
