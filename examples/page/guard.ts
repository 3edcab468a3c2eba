import { isIP } from 'node:net'
import type { onRequestHookHandler } from 'fastify'

/** What the page may load: what this server itself sends, and nothing from elsewhere. */
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

/** GraphiQL's editor writes its styles into the page, and has its font in them. */
export const GRAPHIQL_POLICY = POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
  "font-src 'self'",
  "font-src 'self' data:",
)

/**
 * Lets in who was meant. Any web site that is open in the same browser can send requests to a port of this machine:
 * under a name of its own that it makes lead here, which the Host header tells, or across origins, which Origin tells.
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

/** A name can be made to lead here by whoever owns it; an address is what it is. */
function isOurs(name: string, host: string): boolean {
  return name === 'localhost' || name === host || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
}

function isForeign(headers: { readonly [name: string]: unknown }, method: string): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  const { origin, host, 'sec-fetch-site': site } = headers
  if (origin !== undefined) return origin !== `http://${host}`
  // A browser says where it comes from; curl does not, and is nobody's web site.
  return site !== undefined && site !== 'same-origin'
}
