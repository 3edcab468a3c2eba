import { registerHooks } from 'node:module'

// Loaded with `node --import` before the service: the same service, with its db.ts replaced by one with a store.
const replaced = new URL('../service/db.ts', import.meta.url).href
const stored = new URL('./stored-db.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    return resolved.url === replaced ? { ...resolved, url: stored } : resolved
  },
})
