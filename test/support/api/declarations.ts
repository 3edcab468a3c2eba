/**
 * Reads the declarations that `tsc` emits, as far as their layout goes: statements, the members of their bodies, and
 * the comment above each. TypeScript's own parser has no stable API.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** A statement of a declaration file, or a member of one. */
export interface Declaration {
  readonly name: string
  /** Its TSDoc without asterisks; empty where it has none. */
  readonly doc: string
  /** Its text without comments. */
  readonly text: string
  readonly kind: 'class' | 'interface' | 'type' | 'function' | 'const' | 'method' | 'property'
  /** Of a class, an interface, or the object types that an alias is made of. */
  readonly members: readonly Declaration[]
}

interface DeclarationFile {
  readonly declarations: ReadonlyMap<string, Declaration>
  /** By local name, where it comes from: a file of ours, or `undefined` for that of a package. */
  readonly imports: ReadonlyMap<string, Origin | undefined>
  /** By exported name. */
  readonly exports: ReadonlyMap<string, Origin>
}

/** A name in a file. */
export interface Origin {
  readonly file: string
  readonly name: string
}

/** The declarations below a folder, read once. */
export class DeclarationFolder {
  readonly #files = new Map<string, DeclarationFile>()

  /** What an entry exports, by name, with the file that declares it. */
  exportsOf(file: string): ReadonlyMap<string, Origin & { readonly declaration: Declaration }> {
    const { declarations, exports } = this.#read(file)
    const own = [...declarations.keys()].filter((name) => !exports.has(name) && this.#isExported(file, name))
    const all = [...exports, ...own.map((name) => [name, { file, name }] as const)]
    return new Map(
      all.map(([name, origin]) => {
        const found = this.#resolve(origin)
        if (!found) throw new Error(`${file} exports ${name}, which ${origin.file} does not declare`)
        return [name, found]
      }),
    )
  }

  /** The names of our own types that a declaration mentions. */
  mentions({ file, declaration }: { file: string; declaration: Declaration }): Origin[] {
    const { declarations, imports } = this.#read(file)
    const bound = typeParameters(declaration.text)
    const names = new Set(declaration.text.replace(/'[^'\n]*'/g, "''").match(/(?<![.\w$])[A-Z]\w*/g))
    return [...names]
      .filter((name) => !bound.has(name))
      .flatMap((name) => {
        const origin: Origin | undefined = declarations.has(name) ? { file, name } : imports.get(name)
        const found = origin && this.#resolve(origin)
        return found && found.declaration !== declaration ? [{ file: found.file, name: found.name }] : []
      })
  }

  #resolve(origin: Origin): (Origin & { readonly declaration: Declaration }) | undefined {
    const { declarations, exports } = this.#read(origin.file)
    const declaration = declarations.get(origin.name)
    if (declaration) return { ...origin, declaration }
    const further = exports.get(origin.name)
    return further && this.#resolve(further)
  }

  #isExported(file: string, name: string): boolean {
    return new RegExp(
      `^export declare (?:const|function|class) ${name}\\b|^export (?:interface|type) ${name}\\b`,
      'm',
    ).test(readFileSync(file, 'utf8'))
  }

  #read(file: string): DeclarationFile {
    const known = this.#files.get(file)
    if (known) return known
    const read = readDeclarations(file)
    this.#files.set(file, read)
    return read
  }
}

function readDeclarations(file: string): DeclarationFile {
  const declarations = new Map<string, Declaration>()
  const imports = new Map<string, Origin | undefined>()
  const exports = new Map<string, Origin>()
  for (const { doc, text, raw } of statements(readFileSync(file, 'utf8'))) {
    const [, keyword, list, from] =
      /^(import|export)(?: type)? \{([^}]*)\}(?: from '([^']+)')?/.exec(text) ?? []
    if (keyword && list !== undefined) {
      const origin = from?.startsWith('.')
        ? join(dirname(file), from.replace(/\.[jt]s$/, '.d.ts'))
        : undefined
      for (const name of list
        .split(',')
        .map((one) => one.trim().replace(/^type /, ''))
        .filter(Boolean)) {
        const [theirs = '', ours = theirs] = name.split(' as ')
        if (keyword === 'import')
          imports.set(ours, origin === undefined ? undefined : { file: origin, name: theirs })
        else
          exports.set(
            ours,
            origin ? { file: origin, name: theirs } : (imports.get(theirs) ?? { file, name: theirs }),
          )
      }
      continue
    }
    const [, kind, name] =
      /^(?:export )?(?:declare )?(?:abstract )?(class|interface|type|function|const) ([\w$]+)/.exec(text) ??
      []
    if (!kind || !name) continue
    declarations.set(name, {
      name,
      doc,
      text,
      kind: kind as Declaration['kind'],
      members: membersOf(kind, raw),
    })
  }
  return { declarations, imports, exports }
}

function membersOf(kind: string, raw: string): Declaration[] {
  const bodies = kind === 'class' || kind === 'interface' || kind === 'type' ? topBodies(raw) : []
  return bodies.flatMap((body) =>
    statements(body).flatMap(({ doc, text: member }): Declaration[] => {
      const [, name = '', mark] =
        /^(?:(?:static|readonly|get|set) )*(\[Symbol\.\w+\]|[\w$]+)\??\s*([(<:])/.exec(member) ?? []
      if (!mark || name === 'constructor') return []
      const isFunction = mark !== ':' || /^[\w$ ]+\??: (?:<[^>]*>)?\(.*\) => /s.test(member)
      return [{ name, doc, text: member, kind: isFunction ? 'method' : 'property', members: [] }]
    }),
  )
}

/** The insides of the outermost braces; those of mapped types and of parameters are none. */
function topBodies(text: string): string[] {
  const bodies: string[] = []
  let start = -1
  scan(text, (character, depth, at) => {
    const isCondition =
      /\bextends\s*$/.test(text.slice(0, at)) && !/\binterface [^{]*$/.test(text.slice(0, at))
    if (character === '{' && depth === 1) start = isCondition ? -1 : at + 1
    if (character === '}' && depth === 0 && start >= 0) bodies.push(text.slice(start, at))
  })
  return bodies.filter((body) => !/^\s*(?:readonly )?\[\w+ in /.test(body))
}

interface Statement {
  readonly doc: string
  /** Without comments. */
  readonly text: string
  readonly raw: string
}

/** Splits at the semicolons and closing braces of the outermost level. */
function statements(source: string): Statement[] {
  const found: Statement[] = []
  let start = 0
  const add = (end: number) => {
    const whole = source.slice(start, end)
    start = end
    const docs = [...whole.matchAll(/\/\*\*(.*?)\*\//gs)].filter(({ index }) => isLeading(whole, index))
    const doc = (docs.at(-1)?.[1] ?? '').replaceAll(/^\s*\* ?/gm, '').trim()
    const text = whole
      .replaceAll(/\/\*.*?\*\//gs, '')
      .replaceAll(/^\s*\/\/.*$/gm, '')
      .trim()
    if (text !== '' && text !== ';') found.push({ doc, text: text.replace(/;$/, ''), raw: whole })
  }
  scan(source, (character, depth, at) => {
    if (depth !== 0) return
    const text = source
      .slice(start, at)
      .replaceAll(/\/\*.*?\*\//gs, '')
      .trim()
    const block = /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface) /.test(text)
    if (character === ';' || (character === '}' && block)) add(at + 1)
  })
  return found
}

/** A comment above the statement, and not of something in it. */
function isLeading(statement: string, index: number): boolean {
  return (
    statement
      .slice(0, index)
      .replaceAll(/\/\*.*?\*\//gs, '')
      .trim() === ''
  )
}

/** Visits each character outside of comments and strings, with the depth of brackets behind it. */
function scan(source: string, visit: (character: string, depth: number, at: number) => void): void {
  let depth = 0
  const token = /\/\*.*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|[{}()[\];]/gs
  for (const { 0: found, index } of source.matchAll(token)) {
    if (found.length > 1) continue
    if ('{(['.includes(found)) depth++
    if ('})]'.includes(found)) depth--
    visit(found, depth, index)
  }
}

/** The type parameters that a text declares, in any place: no types of ours are called like them. */
function typeParameters(text: string): ReadonlySet<string> {
  const lists = text.matchAll(/(?:[\w$]|^|: )<((?:[^<>]|<[^<>]*>)*)>(?= |\(|\{)/g)
  const declared = [...lists].flatMap(([, list = '']) =>
    list.split(',').map((one) => /^\s*(?:const )?([A-Z]\w*)(?: extends| =|\s*$)/.exec(one)?.[1] ?? ''),
  )
  const inferred = [...text.matchAll(/\binfer ([A-Z]\w*)|\[([A-Z]\w*) in /g)].map(
    ([, one, other]) => one ?? other ?? '',
  )
  return new Set([...declared, ...inferred].filter(Boolean))
}
