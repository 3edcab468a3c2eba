import { dirname, extname, join, resolve } from 'node:path'
import type { Syntax } from '../codegen/syntax.ts'
import { readIfThere } from './source-file.ts'

/** What a generated file is written in, by its name; a `.js` file as Node will read it. */
export async function syntaxOf(file: string): Promise<Syntax> {
  const ending = extname(file)
  if (ending === '.mjs') return 'esm'
  if (ending === '.cjs') return 'commonjs'
  if (ending !== '.js' && ending !== '.jsx') return 'typescript'
  return (await isModulePackage(dirname(resolve(file)))) ? 'esm' : 'commonjs'
}

/** Whether the next package.json above says so. */
async function isModulePackage(folder: string): Promise<boolean> {
  const manifest = await readIfThere(join(folder, 'package.json'))
  if (manifest !== undefined) return (JSON.parse(manifest) as { readonly type?: string }).type === 'module'
  return dirname(folder) !== folder && (await isModulePackage(dirname(folder)))
}
