import type { DecodingOptions } from '../columns/decoding-options.ts'
import type { Syntax } from './syntax.ts'

/** The options of `generate` that decide a file's content; the file's first lines repeat them. */
export interface GenerateRequest extends DecodingOptions {
  /** Where the file is, for the command that makes it again; absent in the default place. */
  readonly outFile?: string
  /** By the ending of its name. */
  readonly syntax?: Syntax
  readonly camelCase?: boolean
  /** Globs over table names. */
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
  /** `table:column`, whose keys become constants, or `table:column=other`, whose values name them. */
  readonly constants?: readonly string[]
}

const PROGRAM = 'npx kysely-lookup generate'

/** The command that generates a file with this content; defaults are left out. */
export function commandLine(request: GenerateRequest): string {
  const { bigint = 'number', tinyint1 = 'number', zeroDates = 'error' } = request
  const words = [
    ...(request.outFile === undefined ? [] : ['--out-file', request.outFile]),
    ...(bigint === 'number' ? [] : ['--bigint', bigint]),
    ...(tinyint1 === 'number' ? [] : ['--tinyint1', tinyint1]),
    ...(zeroDates === 'error' ? [] : ['--zero-dates', zeroDates]),
    ...(request.camelCase ? ['--camel-case'] : []),
    ...(request.constants?.length ? ['--constants', request.constants.join(',')] : []),
    ...(request.include ?? []).flatMap((pattern) => ['--include-pattern', pattern]),
    ...(request.exclude ?? []).flatMap((pattern) => ['--exclude-pattern', pattern]),
  ]
  return [PROGRAM, ...words.map(quoted)].join(' ')
}

/** The arguments in a generated file's first lines; undefined if there are none. */
export function argumentsIn(source: string): readonly string[] | undefined {
  const line = source.split('\n', 2)[1]?.trim()
  const start = `// ${PROGRAM}`
  if (line === undefined || !`${line} `.startsWith(`${start} `)) return undefined
  return [...line.slice(start.length).matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/g)].map(([word]) => unquoted(word))
}

/** Quoted for a POSIX shell. `?` stands for a line break, which would end the comment. */
function quoted(word: string): string {
  if (/^[\w,.:/=@-]+$/.test(word)) return word
  const line = word.replaceAll(/[\r\n\u2028\u2029]/g, '?')
  return `'${line.replaceAll("'", "'\\''")}'`
}

function unquoted(word: string): string {
  return word.replaceAll(
    /'([^']*)'|\\(.)/g,
    (_, inside?: string, escaped?: string) => inside ?? escaped ?? '',
  )
}
