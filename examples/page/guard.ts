import { isIP } from 'node:net'
import type { onRequestHookHandler } from 'fastify'

/** The page may load only what this server itself sends. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "frame-src 'self'",
  "frame-ancestors 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

/** GraphiQL's editor writes its styles, with its font, into the page. */
export const GRAPHIQL_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
  "font-src 'self'",
  "font-src 'self' data:",
)

/**
 * Keeps other websites out. Any website that is open in the same browser can send requests to a port of this machine: under a domain of its
 * own that it points here, which the Host header shows, or across origins, which the Origin header shows.
 */
export function createGuard(options: { readonly host: string }): onRequestHookHandler {
  return (request, reply, done) => {
    reply.headers({
      'content-security-policy': POLICY,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    const name = hostName(request.headers.host)
    if (name === undefined || !isOurs(name, options.host)) {
      reply
        .code(421)
        .send({ message: 'This page answers under the name localhost and under IP addresses alone.' })
      return
    }
    if (isForeign(request.headers, request.method)) {
      reply.code(403).send({ message: 'This page takes orders from itself alone.' })
      return
    }
    done()
  }
}

function hostName(header: string | undefined): string | undefined {
  const url = `http://${header}`
  return header && URL.canParse(url) ? new URL(url).hostname : undefined
}

/** The owner of a domain name can point it here; nobody can do so with an address. */
function isOurs(name: string, host: string): boolean {
  return name === 'localhost' || name === host || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
}

function isForeign(headers: { readonly [name: string]: unknown }, method: string): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  const { origin, host, 'sec-fetch-site': site } = headers
  if (origin !== undefined) return origin !== `http://${host}`
  // A browser sends its origin; curl does not, and is not a website.
  return site !== undefined && site !== 'same-origin'
}
