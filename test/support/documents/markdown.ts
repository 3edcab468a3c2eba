/** A fenced block of a document. */
export interface CodeBlock {
  readonly language: string
  readonly code: string
  /** The line of the opening fence, from 1. */
  readonly line: number
  /** Words of the HTML comment right above the fence, which readers do not see. */
  readonly marks: readonly string[]
}

/** The fenced blocks of a document, in order. A block in a list is indented with it. */
export function codeBlocks(markdown: string): CodeBlock[] {
  const fence = /(?:^ *<!-- ([^>]*) -->\n+)?^( *)```(\w*)\n(.*?)^\2```$/gms
  return [...markdown.matchAll(fence)].map((match) => {
    const { index, 0: whole, 1: comment = '', 2: indent = '', 3: language = '', 4: code = '' } = match
    const above = markdown.slice(0, index + whole.indexOf('```'))
    return {
      language,
      code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
      line: above.split('\n').length,
      marks: comment.split(/\s+/).filter(Boolean),
    }
  })
}

export function withoutCode(markdown: string): string {
  return markdown.replace(/^( *)```.*?^\1```$/gms, '')
}
