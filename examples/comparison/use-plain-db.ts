import { registerHooks } from 'node:module'

// Loaded with `node --import` before the service: the same service, with its db.ts replaced by the plain one.
const replaced = new URL('../service/db.ts', import.meta.url).href
const plain = new URL('./plain-db.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    return resolved.url === replaced ? { ...resolved, url: plain } : resolved
  },
})
