import { cp, mkdir, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expectCommand } from './command.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What the build reads and what is packed besides. */
const SOURCES = [
  ...['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'],
  ...['README.md', 'CHANGELOG.md', 'LICENSE'],
]

/**
 * Puts the tarball that would be published into a folder, and answers its path. A copy of the repository is built for it:
 * `dist` stays as it is, and several tests can pack at a time.
 */
export async function packPackage(folder: string): Promise<string> {
  const copy = join(folder, 'package-sources')
  await mkdir(copy)
  for (const name of SOURCES) await cp(join(root, name), join(copy, name), { recursive: true })
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'))
  await expectCommand({ program: 'npm', args: ['pack', '--pack-destination', folder], cwd: copy })
  await rm(copy, { recursive: true })
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))
  if (!tarball) throw new Error(`npm pack left no tarball in ${folder}`)
  return join(folder, tarball)
}
