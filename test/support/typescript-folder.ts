import { execFile } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { createTemporaryFolder, type TemporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)

export interface TypeScriptFolder extends TemporaryFolder {
  /** Fails with the compiler's output where a file does not compile. */
  typeCheck(): Promise<void>
}

/** A folder outside the checkout whose files import `kysely-lookup`, as a user's do. */
export async function createTypeScriptFolder(name: string): Promise<TypeScriptFolder> {
  const folder = await createTemporaryFolder(name)
  await symlink(resolve('node_modules'), folder.join('node_modules'))
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'nodenext',
    target: 'es2024',
    skipLibCheck: true,
    erasableSyntaxOnly: true,
    allowImportingTsExtensions: true,
    paths: { 'kysely-lookup': [resolve('src/index.ts')] },
  }
  await folder.write({
    'package.json': '{ "type": "module" }',
    'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts'] }),
  })
  return {
    ...folder,
    async typeCheck() {
      await run(resolve('node_modules/.bin/tsc'), ['-p', folder.path]).catch((error) => {
        throw new Error(`it does not compile:\n${error.stdout}`)
      })
    },
  }
}
