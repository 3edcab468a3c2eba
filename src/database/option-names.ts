import { ConfigurationError } from '../errors.ts'

export interface OptionNames {
  /** The function that takes the options, for messages. */
  readonly of: string
  /** The option that the names are inside of, such as `versions`. */
  readonly inside?: string
  readonly known: readonly string[]
  /** By the name of an option that stands somewhere else, where that is. */
  readonly elsewhere?: Readonly<Record<string, string>>
}

/**
 * Refuses options that nobody reads, which are misspelt or in the wrong place.
 *
 * @throws ConfigurationError that names the option that was probably meant.
 */
export function refuseUnknownOptions(
  given: object,
  { of, inside, known, elsewhere = {} }: OptionNames,
): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const place = inside === undefined ? '' : ` of ${inside}`
  const meant = elsewhere[unknown] ?? nearest(unknown, known)
  throw new ConfigurationError({
    kind: 'option',
    problem: `${of}: there is no option ${JSON.stringify(unknown)}${place}`,
    fix: meant === undefined ? `Use ${known.join(', ')}.` : `Did you mean ${meant}?`,
  })
}

/** The known name that is the fewest letters away; undefined where none is like it. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const likely = known
    .map((other) => ({ other, distance: distanceBetween(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ other, distance }) => distance <= Math.max(2, other.length / 3))
  return likely.sort((a, b) => a.distance - b.distance)[0]?.other
}

/** How many letters have to be added, taken away or replaced (Levenshtein). */
function distanceBetween(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1]
    for (const [column, other] of [...b].entries()) {
      const replaced = previous[column]! + (letter === other ? 0 : 1)
      current.push(Math.min(replaced, previous[column + 1]! + 1, current[column]! + 1))
    }
    previous = current
  }
  return previous.at(-1)!
}
