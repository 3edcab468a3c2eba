import { parseArgs } from 'node:util'
import { argumentsIn, type GenerateRequest } from '../codegen/command-line.ts'
import { UsageError } from './command.ts'

/** The flags that decide what a generated file holds. */
export const REQUEST_FLAGS = {
  'include-pattern': { type: 'string', multiple: true },
  'exclude-pattern': { type: 'string', multiple: true },
  bigint: { type: 'string' },
  tinyint1: { type: 'string' },
  'zero-dates': { type: 'string' },
  'camel-case': { type: 'boolean' },
  constants: { type: 'string', multiple: true },
} as const

type RequestValues = ReturnType<typeof parseArgs<{ options: typeof REQUEST_FLAGS }>>['values']

/** @throws UsageError for a value that the flag does not allow. */
export function requestOf(values: RequestValues): GenerateRequest {
  return {
    include: values['include-pattern'] ?? [],
    exclude: values['exclude-pattern'] ?? [],
    camelCase: values['camel-case'] ?? false,
    constants: (values.constants ?? [])
      .flatMap((list) => list.split(','))
      .map((text) => text.trim())
      .filter(Boolean),
    bigint: oneOf('--bigint', values.bigint ?? 'number', ['number', 'bigint', 'string'] as const),
    tinyint1: oneOf('--tinyint1', values.tinyint1 ?? 'number', ['number', 'boolean'] as const),
    zeroDates: oneOf('--zero-dates', values['zero-dates'] ?? 'error', ['error', 'null'] as const),
  }
}

/** The request in the first lines of a generated file. */
export function requestIn(args: readonly string[]): GenerateRequest {
  const options = { ...REQUEST_FLAGS, 'out-file': { type: 'string' } } as const
  const { 'out-file': outFile, ...values } = parseArgs({ args: [...args], options }).values
  return { ...requestOf(values), ...(outFile !== undefined && { outFile }) }
}

/** The path in the first lines of a generated file. Another working folder may have another path to it. */
export function outFileIn(source: string): Pick<GenerateRequest, 'outFile'> {
  const args = argumentsIn(source) ?? []
  const at = args.indexOf('--out-file')
  return at === -1 ? {} : { outFile: args[at + 1] ?? '' }
}

function oneOf<const T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value)
  if (found === undefined) throw new UsageError(`${flag} is one of ${allowed.join(', ')}, not ${value}`)
  return found
}
