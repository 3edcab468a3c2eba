/** The maximum line width of generated files. */
export const LINE_WIDTH = 110

/** A string literal on one line, whatever the text contains. */
export function stringLiteral(text: string): string {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  // As formatters do: the quotes that need fewer escapes, single ones if equal.
  if (escaped.includes("'") && escaped.split("'").length > escaped.split('"').length) {
    return `"${escaped.replaceAll('"', '\\"')}"`
  }
  return `'${escaped.replaceAll("'", "\\'")}'`
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u

/** A property name in a type: quoted only when it must be. */
export function memberName(name: string): string {
  return IDENTIFIER.test(name) ? name : stringLiteral(name)
}

/** A property name in an object literal, where a plain `__proto__` would set the prototype instead. */
export function propertyName(name: string): string {
  return name === '__proto__' ? "['__proto__']" : memberName(name)
}
