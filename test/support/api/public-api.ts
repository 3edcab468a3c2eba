/** What the package exports, read from the declarations that `tsc` emits of the sources. */
import { join, relative } from 'node:path'
import { packageEntries, root } from '../documents/documents.ts'
import { expectCommand } from '../package/command.ts'
import { createTemporaryFolder } from '../temporary-folder.ts'
import { type Declaration, DeclarationFolder, type Origin } from './declarations.ts'

/** An export of an entry. */
export interface PublicExport extends Origin {
  readonly declaration: Declaration
}

/** An entry of the package, by the name that users import. */
export interface PublicEntry {
  readonly name: string
  readonly exports: ReadonlyMap<string, PublicExport>
}

export interface PublicApi {
  readonly entries: readonly PublicEntry[]
  /** Types of ours that the signatures of an entry mention, and neither it nor the main entry exports. */
  hiddenTypes(entry: PublicEntry): readonly string[]
}

/** An export or a member of one, with a name to show: `Repository.findByKey`. */
export interface PublicMember {
  readonly label: string
  readonly declaration: Declaration
  /** The export that it is, or is a member of. */
  readonly owner: PublicExport
}

export async function readPublicApi(): Promise<PublicApi> {
  await using folder = await createTemporaryFolder('declarations')
  await expectCommand({
    program: process.execPath,
    args: [
      join(root, 'node_modules/typescript/bin/tsc'),
      ...['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', folder.path],
    ],
    cwd: root,
  })
  return await publicApiBelow(folder.path)
}

async function publicApiBelow(folder: string): Promise<PublicApi> {
  const declarations = new DeclarationFolder()
  const entries: PublicEntry[] = []
  for (const [name, source] of await packageEntries()) {
    const file = join(folder, relative(join(root, 'src'), source).replace(/\.ts$/, '.d.ts'))
    entries.push({ name, exports: declarations.exportsOf(file) })
  }
  const id = ({ file, name }: Origin) => `${file} ${name}`
  const main = entries.find(({ name }) => name === 'kysely-lookup')
  const hidden = new Map(
    entries.map((entry) => {
      const exported = [...entry.exports.values(), ...(main?.exports.values() ?? [])]
      const known = new Set(exported.map(id))
      const missing = [...entry.exports.values()].flatMap((one) =>
        declarations
          .mentions(one)
          .filter((mentioned) => !known.has(id(mentioned)))
          .map((mentioned) => `${one.name} mentions ${mentioned.name}`),
      )
      return [entry, missing] as const
    }),
  )
  return { entries, hiddenTypes: (entry) => hidden.get(entry) ?? [] }
}

/** Every export of an entry, and every member of each. */
export function membersOf(entry: PublicEntry): PublicMember[] {
  return [...entry.exports].flatMap(([name, owner]) => [
    { label: name, declaration: owner.declaration, owner },
    ...owner.declaration.members.map((declaration) => ({
      label: `${name}.${declaration.name}`,
      declaration,
      owner,
    })),
  ])
}

/** The text before the first tag, on one line. */
export function summary({ doc }: Declaration): string {
  const [text = ''] = doc.split(/^@/m)
  return text
    .replaceAll(/\{@link (?:\w+\.)?(\w+)\}/g, '`$1`')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** The TypeScript blocks of its examples. */
export function examples({ doc }: Declaration): string[] {
  return [...doc.matchAll(/^@example\n```ts\n(.*?)^```$/gms)].map(([, code = '']) => code)
}
