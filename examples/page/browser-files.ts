import { readdir, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { extname, join } from 'node:path'

export interface BrowserFile {
  readonly type: string
  readonly content: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.ts': 'text/javascript; charset=utf-8',
}

const folder = join(import.meta.dirname, 'browser')

/** What browsers load, by name: read once, and TypeScript without its types, so that nothing needs to be built. */
export async function readBrowserFiles(): Promise<ReadonlyMap<string, BrowserFile>> {
  const names = (await readdir(folder)).filter((name) => extname(name) in TYPES)
  return new Map(
    await Promise.all(
      names.map(async (name) => {
        const text = await readFile(join(folder, name), 'utf8')
        const content = extname(name) === '.ts' ? stripTypeScriptTypes(text) : text
        return [name, { type: TYPES[extname(name)]!, content }] as const
      }),
    ),
  )
}

/** GraphiQL as its package has it: one script, its styles, and the workers of its editor. */
export async function readGraphiqlFiles(): Promise<ReadonlyMap<string, BrowserFile>> {
  const { css, js, editorWorkerService, graphqlWorker, jsonWorker } = await import(
    '@graphql-yoga/render-graphiql/graphiql'
  )
  const script = (content: string) => ({ type: TYPES['.js']!, content })
  return new Map([
    ['graphiql.css', { type: TYPES['.css']!, content: css }],
    ['graphiql.js', script(js)],
    ['editor.worker.js', script(editorWorkerService)],
    ['graphql.worker.js', script(graphqlWorker)],
    ['json.worker.js', script(jsonWorker)],
  ])
}
