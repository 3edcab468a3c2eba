import { readdirSync, readFileSync } from 'node:fs'
import * as modules from 'node:module'
import { extname } from 'node:path'

/** A file that browsers load. */
export interface BrowserFile {
  readonly type: string
  readonly content: Buffer
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Of uPlot, which the build copies beside the page's own files. */
const UPLOT_FILES = ['uPlot.iife.min.js', 'uPlot.min.css']

/** What browsers load, by name. Nothing else can be asked for, so that no path of a request reaches a file. */
export function readBrowserFiles(): ReadonlyMap<string, BrowserFile> {
  const folder = new URL('./browser/', import.meta.url)
  const names = readdirSync(folder)
  const own = names.map((name) => [name, readFileSync(new URL(name, folder))] as const)
  const built = import.meta.url.endsWith('.js') ? own : [...own.map(strippedFile), ...uplotFiles()]
  return new Map(
    built.flatMap(([name, content]) => {
      const type = TYPES[extname(name)]
      return type ? [[name, { type, content }] as const] : []
    }),
  )
}

type NamedFile = readonly [name: string, content: Buffer]

/** In a checkout, a module as the build writes it, but for the names of what it imports. */
function strippedFile([name, content]: NamedFile): NamedFile {
  if (extname(name) !== '.ts') return [name, content]
  const code = modules.stripTypeScriptTypes(content.toString())
  return [
    name.replace(/\.ts$/, '.js'),
    Buffer.from(code.replaceAll(/ from '(\.\/[\w-]+)\.ts'/g, " from '$1.js'")),
  ]
}

function uplotFiles(): NamedFile[] {
  const folder = new URL('../../node_modules/uplot/dist/', import.meta.url)
  return UPLOT_FILES.map((name) => [name, readFileSync(new URL(name, folder))])
}
