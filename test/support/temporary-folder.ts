import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closedAfterFile } from './closing.ts'

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string
  /** The path of what is in the folder. */
  join(...names: readonly string[]): string
  /** Writes files, by name. Their folders must be there. */
  write(files: Readonly<Record<string, string>>): Promise<void>
}

/** A new folder, gone with all that is in it when it is disposed of. */
export async function createTemporaryFolder(name: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `kysely-lookup-${name}-`))
  return closedAfterFile({
    path,
    join: (...names) => join(path, ...names),
    async write(files) {
      for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text)
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  })
}
