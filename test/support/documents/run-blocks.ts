/**
 * Runs modules of a blocks folder one after the other and prints, as JSON, what each wrote to the console:
 *
 *     node run-blocks.ts FOLDER ENTRIES FILE …
 *
 * A module that exports `up` is a migration, and is carried out. `ENTRIES` is a JSON object with the sources of the package's entries, by the names that the modules import.
 */
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'

const [folder = '', entries = '{}', ...files] = process.argv.slice(2)
const sources = new Map(Object.entries<string>(JSON.parse(entries)))

registerHooks({
  resolve(specifier, context, nextResolve) {
    const source = sources.get(specifier)
    return nextResolve(source ? pathToFileURL(source).href : specifier, context)
  },
})

let printed: string[] = []
console.log = (...values: unknown[]) => printed.push(format(...values))

const { db, repos } = await import(pathToFileURL(join(folder, 'db.ts')).href)
Object.assign(globalThis, { db, repos })
const results: object[] = []
for (const file of files) {
  printed = []
  const failure = await import(pathToFileURL(join(folder, file)).href)
    .then(({ up }) => up?.(db))
    .then(
      () => undefined,
      (error: Error) => error.stack,
    )
  results.push({ file, output: printed.join('\n'), failure })
}
// Blocks leave connections and polls behind.
process.stdout.write(JSON.stringify(results), () => process.exit())
