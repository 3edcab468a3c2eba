import fc from 'fast-check'
import type { ColumnCase, Spelling } from './case.ts'

/** A primary key of several columns: rows and keys are combined from those of the columns' own cases. */
export interface CompositeCase {
  readonly name: string
  readonly parts: readonly ColumnCase[]
}

export function compositeCases(cases: ReadonlyMap<string, ColumnCase>): CompositeCase[] {
  const listed = {
    composite_text: ['char_general_ci', 'ascii_bin', 'sjis_japanese_ci'],
    composite_dates: ['date', 'datetime_3', 'time_0', 'timestamp_6'],
    composite_numbers: ['bigint', 'decimal_10_2', 'tinyint_unsigned', 'bit_64'],
    composite_mixed: ['char_latin1', 'int', 'binary_4', 'date', 'enum_latin1', 'bool'],
    composite_mariadb: ['uuid', 'inet6', 'char_general_ci'],
    composite_texts: Array.from(
      { length: 16 },
      (_, at) => ['char_general_ci', 'char_latin1', 'char_ascii_bin', 'enum_sjis'][at % 4]!,
    ),
    composite_sixteen: [
      ...[
        'char_general_ci',
        'int',
        'decimal_10_2',
        'date',
        'datetime_6',
        'time_3',
        'year',
        'bit_9',
        'binary_4',
      ],
      ...[
        'char_ascii_bin',
        'bigint_unsigned',
        'smallint',
        'timestamp_0',
        'varbinary_3',
        'char_latin1',
        'bool',
      ],
    ],
  }
  return Object.entries(listed)
    .filter(([, names]) => names.every((name) => cases.has(name)))
    .map(([name, names]) => ({ name, parts: names.map((part) => cases.get(part)!) }))
}

/** Few values per column, so that keys and rows often agree in all parts but one. */
export function compositeKeys({ parts }: CompositeCase): fc.Arbitrary<readonly Spelling[]> {
  return fc.tuple(
    ...parts.map((part) => {
      const keys = part.keys.filter(({ key }) => part.accepts(key)).slice(0, 6)
      const rows = part.rows.slice(0, 4).map((row): Spelling => ({ key: row }))
      const usable = rows.filter(({ key }) => part.accepts(key))
      return fc.oneof(
        { weight: 9, arbitrary: fc.constantFrom(...usable, ...keys) },
        { weight: 1, arbitrary: part.generated.filter(({ key }) => part.accepts(key)) },
      )
    }),
  )
}
