/*
 * Dates and times as keys: validated here, for a server would take a malformed one for another (`20200229`), and
 * written in one form, so that two spellings of a moment are one key.
 */

export function encodeDate(value: unknown): string | undefined {
  return typeof value === 'string' && isCalendarDate(value) ? `"${value}"` : undefined
}

function isCalendarDate(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false
  const date = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value)
}

/** @param digits of the fraction that the column holds */
export function encodeDatetime(value: unknown, digits: number): string | undefined {
  let given = value
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return undefined
    given = value.toISOString().slice(0, -1)
  }
  if (typeof given !== 'string') return undefined
  const parts = /^(\d{4}-\d\d-\d\d)[ T]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,6}))?$/.exec(given)
  if (!parts || !isCalendarDate(parts[1]!)) return undefined
  const part = fraction(parts[3])
  // In no row; sent, MySQL would find the row of a DATETIME(5) that the sixth digit is rounded to.
  return part.length > digits + 1 ? 'null' : `"${parts[1]} ${parts[2]}${part}"`
}

/**
 * More digits than the column holds are refused: MySQL rounds them in the text protocol and finds nothing prepared.
 * @param digits of the fraction that the column holds
 */
export function encodeTime(value: unknown, digits: number): string | undefined {
  if (typeof value !== 'string') return undefined
  const parts = /^(-?)(\d{2,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/.exec(value)
  if (!parts || Number(parts[2]) > 838) return undefined
  const part = fraction(parts[5])
  if (part.length > digits + 1) return undefined
  return `"${parts[1]}${parts[2]!.replace(/^0(?=\d\d)/, '')}:${parts[3]}:${parts[4]}${part}"`
}

/** Without trailing zeros, so that `…:56` and `…:56.000` are one key. */
function fraction(digits: string | undefined): string {
  const significant = digits?.replace(/0+$/, '')
  return significant ? `.${significant}` : ''
}
