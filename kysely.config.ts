import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { defineConfig } from 'kysely-ctl'
// Not src/index.ts: kysely-ctl compiles what it imports at every run, and this is half a second less.
import { createDatabase } from './src/database/create-database.ts'

export default defineConfig({
  // A function, so that `migrate:make` and `seed:make` work without a database.
  kysely: () => {
    const uri = process.env.DATABASE_URL
    if (!uri) {
      const error = new Error(
        'DATABASE_URL is not set: set it to the database to work on, for instance mysql://user:password@127.0.0.1:3306/reference.',
      )
      // kysely-ctl prints the stack, which says nothing to someone who forgot a variable.
      error.stack = error.message
      throw error
    }
    return createDatabase({ uri })
  },
  migrations: { getMigrationPrefix: () => nextNumber('migrations') },
  seeds: { getSeedPrefix: () => nextNumber('seeds') },
})

/** The prefix of a new file: `0008_` after `0007_country_language.ts`. */
async function nextNumber(folder: string): Promise<string> {
  const names = await readdir(join(import.meta.dirname, folder))
  const numbers = names.map((name) => Number.parseInt(name, 10)).filter((number) => number > 0)
  return `${String(Math.max(0, ...numbers) + 1).padStart(4, '0')}_`
}
