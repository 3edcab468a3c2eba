import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { codeBlocks } from '../documents/markdown.ts'
import { expectCommand } from './command.ts'
import { packPackage } from './pack.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A project of a framework's user: the packed package, the generated file, and the files of docs/recipes.md. */
export interface RecipeProject extends AsyncDisposable {
  readonly folder: string
  write(files: Readonly<Record<string, string>>): Promise<void>
}

/**
 * Creates the project below test/compatibility, whose packages it uses.
 *
 * @param options.recipe the word that marks its files in docs/recipes.md.
 */
export async function createRecipeProject(options: {
  readonly recipe: string
  readonly databaseUrl: string
  readonly schemaFile: string
}): Promise<RecipeProject> {
  const { recipe, databaseUrl, schemaFile } = options
  const folder = await mkdtemp(join(root, 'test/compatibility', `.recipe-${recipe}-`))
  const installed = join(folder, 'node_modules/kysely-lookup')
  await mkdir(installed, { recursive: true })
  const tarball = await packPackage(folder)
  const unpack = ['-xzf', tarball, '--strip-components=1', '-C', installed]
  await expectCommand({ program: 'tar', args: unpack, cwd: folder })
  await rm(tarball)

  async function write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), text)
    }
  }

  const markdown = await readFile(join(root, 'docs/recipes.md'), 'utf8')
  const blocks = codeBlocks(markdown).filter(({ marks }) => marks[0] === recipe)
  if (blocks.length === 0) throw new Error(`docs/recipes.md has no block that is marked ${recipe}`)
  await write(Object.fromEntries(blocks.map(({ marks, code }) => [marks[1]!, code])))
  await expectCommand({
    program: process.execPath,
    args: [join(installed, 'dist/cli/bin.js'), 'generate', '--url', databaseUrl, '--out-file', schemaFile],
    cwd: folder,
  })
  return {
    folder,
    write,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
