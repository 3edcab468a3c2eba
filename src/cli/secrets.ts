export function isPercentEncoded(part: string): boolean {
  try {
    decodeURIComponent(part)
    return true
  } catch {
    return false
  }
}

/** What must not be printed of a connection's URL. */
export function secretsOf(text: string | undefined): string[] {
  if (!text || !URL.canParse(text)) return []
  const { password } = new URL(text)
  return [text, password, isPercentEncoded(password) ? decodeURIComponent(password) : ''].filter(Boolean)
}

/** Hides the passwords of all URLs, also of those that are not ours. */
export function withoutUrlPasswords(message: string): string {
  return message.replaceAll(/(\w+:\/\/[^\s:/@]*):(?!password@)[^\s@]+@/g, '$1:***@')
}

/** Hides each of these texts where it stands by itself. */
export function withoutSecrets(message: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => text.replaceAll(secretPattern(secret), '***'), message)
}

/** Shorter passwords are words and parts of words: they are hidden where a value stands, as in `password: 'x'`. */
const SHORT = 4

/** Finds a secret that stands by itself, and not within a word. */
function secretPattern(secret: string): RegExp {
  const literal = secret.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  return secret.length < SHORT
    ? new RegExp(`(?<=[:=]\\s*["'\`]?)${literal}(?=["'\`@,;\\s)}]|$)`, 'g')
    : new RegExp(`(?<![\\p{L}\\p{N}_])${literal}(?![\\p{L}\\p{N}_])`, 'gu')
}
