import type { Kysely } from 'kysely'
import type { Report } from '../check/finding.ts'
import { argumentsIn, type GenerateRequest } from '../codegen/command-line.ts'
import { CommandError } from './command.ts'
import { describeFailure } from './failure.ts'
import { compareFile } from './file-comparison.ts'
import { syntaxOf } from './file-syntax.ts'
import { requestIn } from './generate-request.ts'
import { readIfThere } from './source-file.ts'

export interface FileCheckOptions {
  readonly file: string
  /** Whether the file may be missing. */
  readonly optional: boolean
  readonly owner: Kysely<unknown>
  /** Its plugins decide the names in the file. */
  readonly naming: Kysely<unknown>
  readonly migrationTables?: readonly string[]
}

/** What is skipped if there is no file to compare. */
export const GENERATED_FILE = 'the generated file'

export async function requireFile(file: string): Promise<string> {
  const current = await readIfThere(file)
  if (current !== undefined) return current
  throw new CommandError(`${file} does not exist. Name the generated file by --out-file.`)
}

/** Checks that the generated file is current, with the flags in its first lines. */
export async function checkSourceFile(options: FileCheckOptions): Promise<Report> {
  const { file, optional, owner, naming, migrationTables } = options
  const current = await (optional ? readIfThere(file) : requireFile(file))
  if (current === undefined) {
    const reason = `${file} does not exist; name it by --out-file`
    return { findings: [], skipped: [{ what: GENERATED_FILE, reason }] }
  }
  const request = { ...requestOf(file, current), syntax: await syntaxOf(file) }
  const { findings } = await compareFile({ file, current, db: owner, request, naming, migrationTables })
  return { findings }
}

function requestOf(file: string, source: string): GenerateRequest {
  try {
    return requestIn(argumentsIn(source) ?? [])
  } catch (error) {
    throw new CommandError(
      `the first lines of ${file} do not contain the command that made it: ${describeFailure(error)}. Run kysely-lookup generate.`,
    )
  }
}
