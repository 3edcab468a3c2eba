/** What a statement may contain besides its own text: comments, names in backticks, values. */
const TOKENS =
  /\/\*.*?\*\/|(?:--[ \t\n]|#)[^\n]*|(`(?:[^`]|``)*`)|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|\b(?:0x[\da-f]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)\b|\s+/gis

/** Lists of values, and lists of such lists: their length says nothing about what a statement does. */
const LIST = /\(\?(?:, ?\?)+\)/g
const LISTS = /(\((?:\?|\?, …)\))(?:, ?\((?:\?|\?, …)\))+/g

/** A statement's text on one line, without comments and with `?` for each value, so that it can be shown anywhere. */
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
