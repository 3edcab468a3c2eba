/**
 * What a program has set for its next transaction alone. Neither a variable nor a reply of the server shows it, so it is read
 * from the texts. What a stored procedure sets for a transaction that the same program begins on the same connection cannot
 * be seen.
 */
export class NextTransaction {
  /** Whether the transaction that was begun last reads what is not committed. */
  isUncommitted = false
  #isNextUncommitted = false
  /** Whether something may have been set, and no transaction has ended since. */
  #mayBeSet = false
  #isLeftOver = false

  /** Another caller has the connection from now on, and knows nothing of what was left. */
  handOver(): void {
    this.#isLeftOver = this.#mayBeSet
    this.#isNextUncommitted = false
    this.isUncommitted = false
  }

  /** A statement is sent. Returns whether a rollback has to drop before what is left over. */
  note(sql: string): boolean {
    // Long texts are harmless as a rule.
    const isScript = sql.includes(';')
    if (!isScript && HARMLESS.test(sql)) return false
    const text = withoutComments(sql)
    if (isScript) return this.#noteScript(text)
    if (END.test(text)) {
      this.#reset()
      return false
    }
    if (START.test(text)) {
      const drop = this.#isLeftOver
      this.isUncommitted = !drop && this.#isNextUncommitted
      this.#isNextUncommitted = false
      this.#mayBeSet = this.#isLeftOver = false
      return drop
    }
    if (HARMLESS.test(text)) return false
    if (LEVEL.test(text)) this.#isNextUncommitted = UNCOMMITTED.test(text)
    this.#mayBeSet = true
    const drop = this.#isLeftOver && NEXT.test(text)
    // What follows is this program's own.
    this.#isLeftOver = false
    return drop
  }

  /** Several statements in one text may end a transaction and begin another one. */
  #noteScript(text: string): boolean {
    this.isUncommitted ||= LEVEL.test(text) && UNCOMMITTED.test(text)
    this.#isNextUncommitted = this.isUncommitted
    this.#mayBeSet = true
    this.#isLeftOver = false
    return false
  }

  #reset(): void {
    this.isUncommitted = this.#isNextUncommitted = this.#mayBeSet = this.#isLeftOver = false
  }
}

const START = /^\s*(?:begin\b(?!\s+not\b)|start\s+transaction\b)/i
const END = /^\s*(?:commit|rollback)\b(?!.*\bto\b)/is
const NEXT = /^\s*set\s+transaction\b/i
const HARMLESS = /^\s*(?:select|insert|update|delete|replace|with|values|savepoint|release|rollback)\b/i
/** By any of its forms, also in the text of a statement that is prepared. */
const LEVEL = /\b(?:transaction\s+isolation\s+level|(?:transaction|tx)_isolation)\b/i
const UNCOMMITTED = /\bread[\s-]+uncommitted\b/i

/** What servers execute inside of comments stays. */
function withoutComments(sql: string): string {
  if (!/\/\*|--|#/.test(sql)) return sql
  return sql
    .replace(/\/\*M?!\d*/gi, ' ')
    .replace(/\/\*.*?\*\//gs, ' ')
    .replace(/\*\//g, ' ')
    .replace(/(?:--\s|#)[^\n]*/g, ' ')
}
