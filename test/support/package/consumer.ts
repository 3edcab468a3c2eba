import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createTemporaryFolder } from '../temporary-folder.ts'
import { expectCommand } from './command.ts'
import { ENTRIES } from './entries.ts'
import { packPackage } from './pack.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** What a user's project has besides the package; the versions are the ones that the repository is tested with. */
const COMPANIONS = [
  ...new Set([
    ...['@types/node', 'kysely', 'mysql2', 'typescript'],
    ...Object.values(ENTRIES).flatMap(({ packages, types = [] }) => [...packages, ...types]),
  ]),
]

const TSCONFIG = {
  compilerOptions: {
    target: 'es2024',
    module: 'nodenext',
    types: ['node'],
    strict: true,
    skipLibCheck: false,
    allowImportingTsExtensions: true,
    noEmit: true,
  },
}

/** A TypeScript project in a temporary folder that has installed the packed package, as its users do. */
export interface Consumer extends AsyncDisposable {
  readonly folder: string
  /** Where the package is installed, as a URL that ends with a slash. */
  readonly packageUrl: string
  /** The files of the installed package, sorted, with slashes. */
  readonly packageFiles: readonly string[]
  write(name: string, content: string): Promise<void>
  /** The path of an installed command. */
  command(name: string): string
}

export interface ConsumerOptions {
  /** Packages that the project has besides. */
  readonly packages?: readonly string[]
}

/** Packs the repository (which builds it) and installs the tarball in an empty project. */
export async function createConsumer({ packages = [] }: ConsumerOptions = {}): Promise<Consumer> {
  const temporary = await createTemporaryFolder('consumer')
  const folder = temporary.path
  await temporary.write({
    'package.json': '{ "name": "consumer", "private": true, "type": "module" }\n',
    'tsconfig.json': JSON.stringify({ ...TSCONFIG, include: ['src'] }),
  })
  const tarball = await packPackage(folder)
  const companions = await Promise.all(
    [...COMPANIONS, ...packages].map(async (name) => `${name}@${await installedVersion(name)}`),
  )
  await expectCommand({
    program: 'npm',
    args: ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball, ...companions],
    cwd: folder,
  })
  const installed = join(folder, 'node_modules', 'kysely-lookup')
  return {
    folder,
    packageUrl: `${pathToFileURL(installed)}/`,
    packageFiles: await filesBelow(installed),
    write: (name, content) => writeFile(join(folder, name), content),
    command: (name) => join(folder, 'node_modules', '.bin', name),
    [Symbol.asyncDispose]: temporary[Symbol.asyncDispose],
  }
}

/** All files below a folder of the repository or elsewhere, sorted, with slashes. */
export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort()
}

async function installedVersion(name: string): Promise<string> {
  const manifest = await readFile(join(root, 'node_modules', name, 'package.json'), 'utf8')
  return JSON.parse(manifest).version
}
