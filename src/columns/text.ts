import type { ColumnMetadata } from '../metadata.ts'
import type {
  Ambiguity,
  ColumnTraits,
  ColumnType,
  EncodedValue,
  GrowthOptions,
  KeyForm,
  SchemaColumn,
} from './column-type.ts'

/** Charsets with characters that `information_schema`, which is utf8mb3, shows as a question mark. */
const BEYOND_UTF8MB3 = new Set(['utf8mb4', 'utf16', 'utf16le', 'utf32', 'gb18030'])

const select = { select: 'string' }

/** By size. */
const LONG_TEXTS = ['tinytext', 'text', 'mediumtext', 'longtext']

/** UTF-8 has all characters. An index compares them by the collation, which decides what a key finds. */
function hasAllCharacters(from: ColumnMetadata, to: ColumnMetadata, indexed: boolean): boolean {
  if (indexed) return to.collation === from.collation
  return to.charset === from.charset || to.charset === 'utf8mb4'
}

/** Members are numbers to the server: those that there were have to stay what they are. The empty text is the number 0, too. */
function grewMembers(from: ColumnMetadata, to: ColumnMetadata, { indexed }: GrowthOptions): boolean {
  const { values } = from
  if (to.type !== from.type || !values || !to.values || !hasAllCharacters(from, to, indexed)) return false
  const added = to.values.slice(values.length)
  return (
    values.every((value, index) => value === to.values![index]) &&
    !added.includes('') &&
    !added.some((value, index) => values.includes(value) || added.indexOf(value) !== index)
  )
}

export const textTypes: readonly ColumnType[] = [
  ...['char', 'varchar'].map(
    (name): ColumnType => ({
      name,
      traits: (column) => ({ length: Number(column.length), ...charsetOf(column) }),
      typeScript: () => select,
      grew(from, to, { indexed }) {
        if (!hasAllCharacters(from, to, indexed)) return false
        if (LONG_TEXTS.includes(to.type)) return !indexed
        const sameOrVarying = to.type === from.type || to.type === 'varchar'
        return sameOrVarying && Number(to.length) >= Number(from.length)
      },
      key: (column) => ({ ...textKey(column), ambiguity: textAmbiguity(column) }),
      constantKey: (text) => text,
    }),
  ),
  {
    name: 'enum',
    traits: membersOf,
    // A server without strict mode takes a value that is no member, and stores ''.
    typeScript: ({ values }) => ({ ...select, literals: values }),
    grew: grewMembers,
    key: (column) => ({ ...textKey(column), ambiguity: enumAmbiguity(column) }),
    constantKey: (text) => text,
  },
  {
    name: 'set',
    traits: membersOf,
    // A value is its text: `'a,b'`.
    typeScript: () => select,
    grew: grewMembers,
    key: setKey,
  },
  ...LONG_TEXTS.map(
    (name, size): ColumnType => ({
      name,
      traits: charsetOf,
      typeScript: () => select,
      grew: (from, to, { indexed }) =>
        LONG_TEXTS.indexOf(to.type) >= size && hasAllCharacters(from, to, indexed),
      key: 'an index on it covers its beginning only',
    }),
  ),
]

/** The charset and collation of a column that has them. */
export function charsetOf({ charset, collation }: SchemaColumn): ColumnTraits {
  return {
    ...(charset !== null && { charset: renamed(charset) }),
    ...(collation !== null && { collation: renamed(collation) }),
  }
}

/** `utf8` is utf8mb3's older name. */
function renamed(name: string): string {
  return name.replace(/^utf8(?=_|$)/, 'utf8mb3')
}

/** The members of an ENUM or SET too, unless a question mark may stand for a character that is not shown. */
function membersOf(column: SchemaColumn): ColumnTraits {
  const charset = charsetOf(column)
  const values = parseMembers(column.columntype)
  const doubtful = BEYOND_UTF8MB3.has(charset.charset ?? '') && values.some((value) => value.includes('?'))
  return doubtful ? charset : { ...charset, values }
}

const ESCAPED: Readonly<Record<string, string>> = { "''": "'", '\\0': '\0', '\\n': '\n', '\\r': '\r' }

function parseMembers(columnType: string): string[] {
  return [...columnType.matchAll(/'((?:[^'\\]|''|\\.)*)'/gs)].map(([, member = '']) =>
    member.replace(/''|\\./gs, (pair) => ESCAPED[pair] ?? pair.slice(1)),
  )
}

// Trailing spaces and ignorable characters make keys of any length match.
const ownText = ({ charset, collation }: ColumnMetadata) =>
  `longtext character set ${charset} collate ${collation}`

function textKey(column: ColumnMetadata): KeyForm {
  const { charset, collation } = column
  const base = { expected: 'a well-formed string', rawType: 'string', encode: encodeText } as const
  if (charset === 'ascii') {
    // A character beyond ASCII is in no row; declared in the column's charset it would become '?'.
    const encode = (value: unknown) => asciiOrNothing(encodeText(value))
    return { ...base, declaration: ownText(column), encode }
  }
  if (charset === 'utf8mb4' || charset === 'utf16') {
    return { ...base, declaration: ownText(column) }
  }
  // A key that does not survive the way into the column's charset and back is in no row.
  return {
    ...base,
    declaration: 'longtext character set utf8mb4 collate utf8mb4_bin',
    condition: (name, input) =>
      `${name} = convert(${input} using ${charset}) collate ${collation} and ${survives(input, charset)}`,
  }
}

/** That a text is the same after the way into a charset and back. */
function survives(input: string, charset = ''): string {
  return `convert(convert(${input} using ${charset}) using utf8mb4) collate utf8mb4_bin = ${input}`
}

/** What a character becomes that has no counterpart in Unicode, or that is not well-formed UTF-8. */
const REPLACED = /[?\ufffd]/

/** Two of their characters can be one in Unicode, if it is no letter or digit of ASCII. */
const WITH_TWINS = new Set(['armscii8', 'cp932', 'eucjpms', 'sjis', 'ujis'])

/** A text is its own if it survives the way to Unicode and back. UTF-16 has no surrogates by themselves, which UTF-8 has on MariaDB. */
function textAmbiguity({ charset = '' }: ColumnMetadata): Ambiguity {
  const doubtful = WITH_TWINS.has(charset) ? /[^0-9A-Za-z]/ : REPLACED
  return {
    isAmbiguous: (value) => typeof value === 'string' && doubtful.test(value),
    distinction: (column) =>
      `if(cast(convert(convert(${column} using utf16) using ${charset}) as binary) = cast(${column} as binary), null, hex(${column}))`,
    rare: true,
  }
}

/** A server without strict mode stores what is no member as number 0, which reads as '' and is not found by it. */
function enumAmbiguity(column: ColumnMetadata): Ambiguity | undefined {
  const { values } = column
  if (!values || hasTwins(values)) return numberOfMember
  if (!values.includes('')) return undefined
  return {
    isAmbiguous: (value) => value === '',
    distinction: (name) => `if(cast(${name} as unsigned) = 0, '0', null)`,
    rare: true,
  }
}

/** An empty member of a SET does not show in its text. */
function setAmbiguity({ values }: ColumnMetadata): Ambiguity | undefined {
  return values && !hasTwins(values) && !values.includes('') ? undefined : numberOfMember
}

const hasTwins = (values: readonly string[]) => new Set(values).size < values.length

/** Nobody knows which of the members with one text a key finds. */
const numberOfMember: Ambiguity = {
  isAmbiguous: () => true,
  distinction: (column) => `hex(cast(${column} as unsigned))`,
}

/**
 * What is equal to the empty text means the empty set: padding, and characters that a collation ignores. MariaDB does not see that
 * where it converts the text to a set.
 */
function setKey(column: ColumnMetadata): KeyForm {
  const form = textKey(column)
  const { charset, collation } = column
  const own = form.condition
    ? (input: string) => `convert(${input} using ${charset}) collate ${collation}`
    : String
  return {
    ...form,
    ambiguity: setAmbiguity(column),
    condition: (name, input) => {
      const text = own(input)
      return `${name} = if(${text} = '', '', ${text})${form.condition ? ` and ${survives(input, charset)}` : ''}`
    },
  }
}

function encodeText(value: unknown): string | undefined {
  // A lone surrogate would make the server reject the whole batch.
  return typeof value === 'string' && value.isWellFormed() ? JSON.stringify(value) : undefined
}

function asciiOrNothing(json: string | undefined): EncodedValue {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: every ASCII character is allowed, control characters included
  return json === undefined || /^[\x00-\x7f]*$/.test(json) ? json : null
}
