import type { IncomingMessage, ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { refuseUnknownOptions } from '../database/option-names.ts'
import type { StatsSource } from '../diagnostics/stats.ts'
import { ConfigurationError } from '../errors.ts'
import { assemblyOf } from '../repositories/assembly.ts'
import { readBrowserFiles } from './browser-files.ts'
import { createSampler, type ShownMode } from './sampler.ts'
import { createStreams } from './streams.ts'

/**
 * The options of `createLookupPage`.
 *
 * @example
 * ```ts
 * const options: LookupPageOptions = { repos, authorize: ({ headers }) => headers['x-role'] === 'admin' }
 * ```
 */
export interface LookupPageOptions {
  /**
   * The repositories that it shows, from `createRepositories`.
   *
   * @example
   * ```ts
   * createLookupPage({ repos, authorize: () => process.env.NODE_ENV === 'development' })
   * ```
   */
  readonly repos: StatsSource
  /**
   * Decides who may see the page, for every request to it. Only `true`, or a promise of it, lets a request in; if it throws,
   * the request is refused with a warning of the process. There is no default: behind a proxy every request comes from the
   * machine itself, so that none would be safe.
   *
   * @example
   * ```ts
   * const isAdmin = async (cookie: string | undefined) => cookie === 'session=…' // ask your sessions
   *
   * createLookupPage({ repos, authorize: ({ headers }) => isAdmin(headers.cookie) })
   * ```
   * @throws nothing that reaches the client.
   */
  authorize(request: IncomingMessage): boolean | Promise<boolean>
}

/**
 * Answers requests for the page: a plain handler of Node's request and response. Never throws.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 *
 * const page: LookupPage = createLookupPage({ repos, authorize: () => true })
 * createServer(page).listen(9000, '127.0.0.1')
 * ```
 */
export interface LookupPage extends Disposable {
  (request: IncomingMessage, response: ServerResponse): void
  /**
   * Ends the pages that are open. You need it only to take the page away while the server goes on: with the server, they close
   * by themselves. Never throws.
   *
   * @example
   * ```ts
   * const page = createLookupPage({ repos, authorize: () => true })
   * page.close()
   * ```
   */
  close(): void
}

/** The page may load only what this server sends, and no other page may show it in a frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** The name of the event stream below the page. */
const STREAM = 'live.stream'

/**
 * Creates a page that shows live what repositories do: tables, answers by level, statements, batch sizes, versions, evictions. It shows
 * counters, and never a row or a key. Mount it below any path that ends with a slash, such as `/lookups/`. While nobody looks, it costs
 * nothing.
 *
 * @example
 * ```ts
 * import express from 'express'
 *
 * const app = express()
 * app.use('/lookups', createLookupPage({ repos, authorize: ({ headers }) => headers['x-role'] === 'admin' }))
 * ```
 * @throws ConfigurationError without `authorize`, or if `repos` is not from `createRepositories`.
 */
export function createLookupPage(options: LookupPageOptions): LookupPage {
  const { repos, authorize } = checkedOptions(options)
  const files = readBrowserFiles()
  const sampler = createSampler({ stats: () => repos.$stats(), modeOf: modesOf(repos) })
  const streams = createStreams({ sampler, process: `${hostname()}, process ${process.pid}` })
  let closed = false

  async function isAllowed(request: IncomingMessage): Promise<boolean> {
    try {
      return (await authorize(request)) === true
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : `authorize of createLookupPage: ${String(error)}`)
      return false
    }
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (response.headersSent) return
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value)
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD')
      refuse(response, 405, 'This page can only be read.')
      return
    }
    const allowed = await isAllowed(request)
    if (response.destroyed || response.headersSent) return
    if (!allowed) refuse(response, 403, 'You may not see this page.')
    else if (closed) refuse(response, 503, 'This page was closed.')
    else answer(request, response)
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = pathOf(request)
    const name = path.slice(path.lastIndexOf('/') + 1)
    const file = files.get(name || 'index.html')
    if (name === STREAM) openStream(request, response)
    else if (file) send(response, file)
    // Relative to the path as the browser sees it, which a proxy may have changed.
    else if (/^[\w-]+$/.test(name)) response.writeHead(308, { location: `./${name}/` }).end()
    else refuse(response, 404, 'There is no such file.')
  }

  function openStream(request: IncomingMessage, response: ServerResponse): void {
    if (request.method === 'HEAD') send(response, { type: 'text/event-stream', content: '' })
    else if (streams.isFull) refuse(response, 503, 'Too many pages are open.')
    else streams.open(request, response)
  }

  function close(): void {
    closed = true
    streams.close()
  }

  const page = (request: IncomingMessage, response: ServerResponse) => void respond(request, response)
  return Object.assign(page, { close, [Symbol.dispose]: close })
}

function checkedOptions(options: LookupPageOptions): LookupPageOptions {
  const { repos, authorize } = options ?? {}
  refuseUnknownOptions(options ?? {}, { of: 'createLookupPage', known: ['repos', 'authorize'] })
  if (typeof repos?.$stats !== 'function') {
    throw new ConfigurationError({
      kind: 'option',
      problem: `createLookupPage: expected repos from createRepositories, got ${repos === null ? 'null' : typeof repos}`,
      fix: 'Use createLookupPage({ repos, authorize }).',
    })
  }
  if (typeof authorize !== 'function') {
    throw new ConfigurationError({
      kind: 'option',
      problem: `createLookupPage: expected authorize to be a function that says who may see the page, got ${typeof authorize}`,
      fix: 'Use authorize: (request) => …, which returns true for those who may. Where everybody may who reaches the port, return true.',
    })
  }
  return options
}

function modesOf(repos: StatsSource): (table: string) => ShownMode {
  const { settings } = assemblyOf(repos) ?? {}
  return (table) => {
    const cache = settings?.cacheOf(table)
    if (!cache) return { mode: 'request' }
    return cache.mode === 'expiring'
      ? { mode: 'expiring', maxAge: cache.lifetime.maxAge }
      : { mode: cache.mode }
  }
}

/** Frameworks that cut off the path of a mount keep the whole one in `originalUrl`. */
function pathOf(request: IncomingMessage & { readonly originalUrl?: unknown }): string {
  const { originalUrl, url = '' } = request
  return (typeof originalUrl === 'string' ? originalUrl : url).replace(/[?#].*$/s, '')
}

function send(
  response: ServerResponse,
  file: { readonly type: string; readonly content: Buffer | string },
): void {
  response
    .writeHead(200, {
      'content-type': file.type,
      'content-length': file.content.length,
      'cache-control': 'private, no-cache',
    })
    // Without its body where HEAD was asked for.
    .end(file.content)
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' })
  response.end(`${text}\n`)
}
