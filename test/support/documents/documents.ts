import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type CodeBlock, codeBlocks } from './markdown.ts'

export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A document of the repository that people read. */
export interface Document {
  /** Below the repository's root, with slashes. */
  readonly name: string
  readonly text: string
  readonly blocks: readonly CodeBlock[]
}

export async function readDocuments(): Promise<readonly Document[]> {
  const names = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).map((name) => name.replaceAll('\\', '/'))
  return await Promise.all(
    names.sort().map(async (name) => {
      const text = await readFile(join(root, name), 'utf8')
      return { name, text, blocks: codeBlocks(text) }
    }),
  )
}

/** By the name that users import, the source of each entry of the package. */
export async function packageEntries(): Promise<ReadonlyMap<string, string>> {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const entries = Object.entries<{ default?: string }>(manifest.exports)
  return new Map(
    entries.flatMap(([subpath, { default: file }]) =>
      file ? [[`kysely-lookup${subpath.slice(1)}`, join(root, sourceOf(file))] as const] : [],
    ),
  )
}

function sourceOf(built: string): string {
  return built.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
}
