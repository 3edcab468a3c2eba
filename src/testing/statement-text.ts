/** What a statement may hold that is not its own text: comments, names in backticks, values. */
const TOKENS =
  /\/\*.*?\*\/|(?:--[ \t\n]|#)[^\n]*|(`(?:[^`]|``)*`)|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|\b(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b|\s+/gis

/** Values in a row, and rows of them: how many there are says nothing about what a statement does. */
const LIST = /\(\?(?:, ?\?)+\)/g
const LISTS = /(\((?:\?|\?, …)\))(?:, ?\((?:\?|\?, …)\))+/g

/**
 * A statement's text on one line, with `?` for each value that it holds and without comments, so that it can be shown
 * where nobody's data may be.
 */
export function textWithoutValues(sql: string): string {
  return sql
    .replace(TOKENS, (token, name?: string) => {
      if (name !== undefined) return name
      return /^(?:\s|\/\*|--|#)/.test(token) ? ' ' : '?'
    })
    .replaceAll(/ {2,}/g, ' ')
    .trim()
    .replaceAll(LIST, '(?, …)')
    .replaceAll(LISTS, '$1, …')
}
