/** What a generated file is written in: TypeScript, or JavaScript with its types in comments. */
export type Syntax = 'typescript' | 'esm' | 'commonjs'

/** How the parts of a generated file are written. */
export interface SyntaxParts {
  importTypes(names: readonly string[], from: string): string
  /** `export interface …` and `export type …`, one after the other. */
  types(source: string): string
  /** A constant whose type is its value. */
  constant(name: string, value: { readonly literal: string; readonly satisfies?: string }): string
  /** The type of the same name as a constant. */
  constantType(name: string, type: string): string
  /** The end of the file. */
  exports(names: readonly string[]): string
}

const TYPESCRIPT: SyntaxParts = {
  importTypes: (names, from) => `import type { ${names.join(', ')} } from '${from}'\n`,
  types: (source) => source,
  constant: (name, { literal, satisfies }) =>
    `export const ${name} = ${literal} as const${satisfies === undefined ? '' : ` satisfies ${satisfies}`}\n`,
  constantType: (name, type) => `export type ${name} = ${type}\n`,
  exports: () => '',
}

const COMMON_JS: SyntaxParts = {
  importTypes: (names, from) => `/** @import { ${names.join(', ')} } from '${from}' */\n`,
  types: (source) =>
    source
      .replaceAll(/^export interface (\S+) (\{\n(?: .*\n)*\})\n/gm, (_, name: string, body: string) =>
        typedef(name, body),
      )
      .replaceAll(/^export type (\S+) =((?:\n .*)+)\n/gm, (_, name: string, body: string) =>
        typedef(name, body),
      ),
  constant: (name, { literal, satisfies }) => {
    const check = satisfies === undefined ? '' : `/** @satisfies {${satisfies}} */\n`
    return `${check}const ${name} = /** @type {const} */ (${literal})\n`
  },
  constantType: typedef,
  exports: (names) => `module.exports = { ${names.join(', ')} }\n`,
}

const PARTS: Readonly<Record<Syntax, SyntaxParts>> = {
  typescript: TYPESCRIPT,
  commonjs: COMMON_JS,
  esm: {
    ...COMMON_JS,
    constant: (name, value) => COMMON_JS.constant(name, value).replace(/^const /m, 'export const '),
    exports: () => '',
  },
}

export function syntaxParts(syntax: Syntax = 'typescript'): SyntaxParts {
  return PARTS[syntax]
}

/** A name or a literal in the type must not end the comment. */
function typedef(name: string, type: string): string {
  return `/** @typedef {${type.replaceAll('*/', '*\\/')}} ${name} */\n`
}
