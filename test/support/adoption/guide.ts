import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeBlocks } from '../documents/markdown.ts'

/** One thing that a guide says to do in a project. */
export type GuideStep =
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'file'; readonly file: string; readonly content: string }
  | { readonly kind: 'change'; readonly file: string; readonly lines: readonly string[] }

/**
 * What a document says to do, in its order: `sh` blocks are commands, a `ts` block that begins with the comment of a
 * path is a new file, a `diff` block is a change, and a `text` block says what came of it.
 */
export function guideSteps(markdown: string): GuideStep[] {
  return codeBlocks(markdown).flatMap(({ language, code, line }): GuideStep[] => {
    const lines = code.trimEnd().split('\n')
    if (language === 'text') return []
    if (language === 'sh') return lines.map((command) => ({ kind: 'command', command }))
    const [head = ''] = lines
    const file = language === 'diff' ? /^--- (\S+)$/.exec(head)?.[1] : /^\/\/ (\S+\.ts)$/.exec(head)?.[1]
    if (file === undefined) throw new Error(`line ${line}: a ${language} block that names no file`)
    if (language === 'ts') return [{ kind: 'file', file, content: `${lines.slice(1).join('\n')}\n` }]
    return [{ kind: 'change', file, lines: lines.slice(1) }]
  })
}

/** Makes a change in a project; what the change takes away has to stand there exactly once. */
export async function applyChange(folder: string, step: GuideStep & { kind: 'change' }): Promise<void> {
  const path = join(folder, step.file)
  const content = await readFile(path, 'utf8')
  const side = (mark: '-' | '+') =>
    step.lines
      .filter((line) => line.startsWith(mark) || line.startsWith(' ') || line === '')
      .map((line) => line.slice(1))
      .join('\n')
  const parts = `\n${content}`.split(`\n${side('-')}\n`)
  if (parts.length !== 2) {
    throw new Error(`${step.file}: expected once, found ${parts.length - 1} times:\n${side('-')}`)
  }
  await writeFile(path, parts.join(`\n${side('+')}\n`).slice(1))
}
