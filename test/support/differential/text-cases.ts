import fc from 'fast-check'
import { type ColumnCase, type Spelling, spellings } from './case.ts'

/** Characters that some collation takes for others, or for nothing, or that some charset lacks. */
const PIECES = [
  ...['a', 'A', 'á', 'a\u0301', 'Á', 'ä', 'å', '\u212b', 'æ', 'ae', 'AE', 'ª', 'ａ', 'Ａ', 'а'],
  ...['s', 'S', 'ss', 'SS', 'ß', 'ẞ', 'š', 'ſ', 'ﬁ', 'fi', 'i', 'I', 'ı', 'İ', 'ł', 'L', 'ñ', 'n', 'n\u0303'],
  ...[
    'ø',
    'o',
    'œ',
    'oe',
    'Ω',
    'Ω',
    'σ',
    'ς',
    'Σ',
    'ch',
    'CH',
    'll',
    'ij',
    'ĳ',
    'þ',
    'th',
    'đ',
    'ð',
    'ü',
    'ue',
  ],
  ...['e', 'E', 'é', 'e\u0301', '€', '½', '²', '2', '①', '1', '0', '٠', '…', '...'],
  ...['か', 'カ', 'ｶ', 'が', 'か\u3099', 'あ', 'ぁ', 'ー', '日', '本', '曰', 'ソ', '表', '가', '가'],
  ...['😀', '😁', '🏳️‍🌈', '\u{1d400}', '\u{10ffff}', '\u{20000}', '\ue000', '\ufffd', '\uffff', '\ufeff'],
  ...[
    '?',
    '¥',
    '\\',
    '\\\\',
    '~',
    '‾',
    '¦',
    '%',
    '_',
    "'",
    "''",
    '"',
    '`',
    '-',
    '‐',
    '\u2212',
    '/*',
    '--',
    ';',
    '$',
    ':x',
  ],
  ...[
    ' ',
    '  ',
    '\t',
    '\n',
    '\r',
    '\0',
    '\b',
    '\x1a',
    '\x01',
    '\x1f',
    '\x7f',
    '\u0080',
    '\u00a0',
    '\u3000',
    '\u2028',
  ],
  ...['\u00ad', '\u200b', '\u200d', '\u200e', '\u2060', '\u0300', '\u034f', '\ufe0f', '\u0345'],
]

const piece = fc.constantFrom(...PIECES)
const string = fc.oneof(
  { weight: 6, arbitrary: fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 4 }) },
)

/** Ways in which a key is another spelling of a row's value, or nearly is. */
const change = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => text.toUpperCase(),
  (text) => text.toLowerCase(),
  (text) => text.normalize('NFD'),
  (text) => text.normalize('NFC'),
  (text) => text.normalize('NFKC'),
  (text) => `${text} `,
  (text) => `${text}   `,
  (text) => ` ${text}`,
  (text) => text.trimEnd(),
  (text) => `${text}\t`,
  (text) => `${text}\0`,
  (text) => `${text}\u00ad\u00ad\u00ad`,
  (text) => `\u00ad${text}`,
  (text) => `${text} x`,
  (text) => `${text}\u00adx`,
  (text) => `${text}${' '.repeat(300)}`,
  (text) => `${text}${'\u00ad'.repeat(300)}`,
  (text) => [...text].reverse().join(''),
  (text) => text.slice(0, -1),
  (text) => text.replace(/[^\x20-\x7e]/gu, '?'),
)

const ROWS = [
  '',
  '?',
  '??',
  'FR',
  'fr2',
  'ss',
  'a',
  'é',
  'か',
  ' a',
  'a\tb',
  'a\0',
  '\\',
  "'",
  '%',
  'x\u00ady',
  '😀',
]

// Whatever a well-formed string holds is for the server.
const accepts = (key: unknown) => typeof key === 'string' && key.isWellFormed()

const KEYS = spellings(
  ...[
    '',
    ' ',
    '?',
    '😀',
    '¥',
    '‾',
    '\ud800',
    'a\udc00',
    'FR',
    'fr',
    'fR ',
    'FR X',
    'FR\u00ad',
    'ß',
    'ẞ',
    'SS',
    's\u00ads',
  ],
  ...[
    'fr2',
    'FR2',
    'e\u0301',
    'É',
    'E',
    'カ',
    'ｶ',
    'a',
    'a\t',
    'a\t ',
    'a\u00a0',
    'a\0',
    'a\0\0',
    'a\0 ',
    '\0',
    '\0a',
    '\\',
    '\\\\',
  ],
  ...['%', '_', "'", "''", '" or 1=1 -- ', 'x'.repeat(300), '\u00ad', '\u200b'],
)

/** Far longer than any column, and yet some mean a row. */
const LONG_KEYS = spellings(
  ...[
    '😀'.repeat(10_000),
    '\u00ad'.repeat(10_000),
    `FR${' '.repeat(20_000)}`,
    `FR${' '.repeat(20_000)}X`,
    `FR${'\u00ad'.repeat(7000)}`,
  ],
)

function textCase(charset: string, collation: string, options: Partial<ColumnCase> = {}): ColumnCase {
  const mutated = fc.tuple(string, change, fc.constant(0)).map(([text, apply]) => apply(text))
  const generated = fc.oneof(
    mutated,
    fc.tuple(fc.constantFrom(...ROWS), change).map(([text, apply]) => apply(text)),
  )
  return {
    name: collation,
    type: `varchar(6) character set ${charset} collate ${collation}`,
    rows: ROWS,
    keys: KEYS,
    generated: generated.map((key): Spelling => ({ key })),
    accepts,
    ...options,
  }
}

/** The collations that keys are asked under in every run. */
export function textCases(collations: ReadonlySet<string>): ColumnCase[] {
  const listed: [charset: string, collation: string][] = [
    ['ascii', 'ascii_bin'],
    ['ascii', 'ascii_general_ci'],
    ['latin1', 'latin1_swedish_ci'],
    ['latin1', 'latin1_bin'],
    ['latin1', 'latin1_german2_ci'],
    ['utf8mb3', 'utf8mb3_general_ci'],
    ['utf8mb3', 'utf8mb3_bin'],
    ['cp1250', 'cp1250_czech_cs'],
    ['cp1250', 'cp1250_general_ci'],
    ['sjis', 'sjis_japanese_ci'],
    ['utf16', 'utf16_unicode_ci'],
    ['utf16', 'utf16_bin'],
    ['utf8mb4', 'utf8mb4_bin'],
    ['utf8mb4', 'utf8mb4_general_ci'],
    ['utf8mb4', 'utf8mb4_unicode_520_ci'],
    ['utf8mb4', 'utf8mb4_0900_ai_ci'],
    ['utf8mb4', 'utf8mb4_0900_as_cs'],
    ['utf8mb4', 'utf8mb4_0900_bin'],
    ['utf8mb4', 'utf8mb4_nopad_bin'],
    ['utf8mb4', 'utf8mb4_unicode_520_nopad_ci'],
    ['utf8mb4', 'utf8mb4_uca1400_ai_ci'],
    ['utf8mb4', 'utf8mb4_uca1400_nopad_as_cs'],
  ]
  const cases = listed
    .filter(([, collation]) => collations.has(collation))
    .map(([charset, collation]) => textCase(charset, collation))
  return [
    ...cases,
    textCase('utf8mb4', 'utf8mb4_general_ci', {
      name: 'char_general_ci',
      type: 'char(2) character set utf8mb4 collate utf8mb4_general_ci',
    }),
    ...['latin1_swedish_ci', 'utf8mb4_unicode_520_ci', 'ascii_general_ci', 'utf16_unicode_ci'].map(
      (collation) => {
        const charset = collation.split('_')[0]!
        const type = `char(2) character set ${charset} collate ${collation}`
        return textCase(charset, collation, {
          name: `long_${charset}`,
          type,
          keys: [...KEYS, ...LONG_KEYS],
          runs: 20,
        })
      },
    ),
    textCase('ascii', 'ascii_bin', {
      name: 'char_ascii_bin',
      type: 'char(3) character set ascii collate ascii_bin',
    }),
    textCase('utf8mb4', 'utf8mb4_unicode_520_ci', {
      name: 'char_unicode_520_ci',
      type: 'char(2) character set utf8mb4 collate utf8mb4_unicode_520_ci',
      unique: 'virtual',
    }),
    textCase('latin1', 'latin1_swedish_ci', {
      name: 'char_latin1',
      type: 'char(2) character set latin1 collate latin1_swedish_ci',
      unique: 'stored',
    }),
    // MariaDB takes the index of such a column for corrupt now and then (docs/servers.md): alone, it has no single answer either.
    ...(collations.has('utf8mb4_0900_ai_ci') && !collations.has('utf8mb4_uca1400_ai_ci')
      ? [
          textCase('utf8mb4', 'utf8mb4_0900_ai_ci', {
            name: 'char_0900_ai_ci',
            type: 'char(2) character set utf8mb4 collate utf8mb4_0900_ai_ci',
          }),
        ]
      : []),
    ...[
      'latin1 collate latin1_swedish_ci',
      'ascii collate ascii_bin',
      'utf8mb4 collate utf8mb4_general_ci',
      'sjis collate sjis_bin',
      'latin1 collate latin1_nopad_bin',
      'utf8mb4 collate utf8mb4_nopad_bin',
      'utf8mb4 collate utf8mb4_0900_ai_ci',
      'utf8mb4 collate utf8mb4_unicode_520_ci',
      'utf16 collate utf16_unicode_ci',
    ]
      .filter((charset) => collations.has(charset.split(' ')[2]!))
      .flatMap(memberCases),
  ]
}

const MEMBERS = ['?', 'a', 'B', 'ss', 'x y', '1', '2', '10', "it''s", '', 'FR']

function memberCases(charset: string): ColumnCase[] {
  const members = MEMBERS.map((member) => `'${member}'`).join(', ')
  const setMembers = MEMBERS.filter((member) => member !== '' && member !== 'ss')
  const base = textCase('', '')
  const name = /nopad|0900|unicode/.test(charset) ? charset.split(' ')[2]! : charset.split(' ')[0]!
  const lists = fc
    .array(fc.constantFrom(...setMembers), { maxLength: 4 })
    .map((list): Spelling => ({ key: list.join(',').replace("''", "'") }))
  return [
    {
      ...base,
      name: `enum_${name}`,
      type: `enum(${members}) character set ${charset}`,
      rows: MEMBERS,
      keys: [...KEYS, ...spellings('0', '1', '2', '3', '01', '1.0', 'b', 'B ', 'A', "it's", 'null')],
    },
    {
      ...base,
      name: `set_${name}`,
      type: `set(${setMembers.map((member) => `'${member}'`).join(', ')}) character set ${charset}`,
      rows: ['', '?', 'a', 'a,B', 'B', '1', '1,2', "it's", 'FR,a', '?,a,B', 'x y'],
      keys: [
        ...KEYS,
        ...spellings('0', '1', '2', '3', 'B,a', 'a,a', 'A,b', 'a, B', ',', 'a,', 'b', 'a,?', 'a,😀', 'a,B '),
      ],
      generated: fc.oneof(lists, base.generated),
    },
  ]
}

/** Every collation that the server has, for a long run. */
export function everyCollationCases(
  collations: readonly { readonly charset: string; readonly collation: string }[],
): ColumnCase[] {
  return collations.map(({ charset, collation }) =>
    textCase(charset, collation, { name: `every_${collation}` }),
  )
}
