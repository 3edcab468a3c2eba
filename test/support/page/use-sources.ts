// Loaded with `node --import`: what is imported from the package comes from the sources, built or not.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const root = new URL('../../../', import.meta.url)
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))

registerHooks({
  resolve(specifier, context, nextResolve) {
    const subpath = /^kysely-lookup(\/.+)?$/.exec(specifier)
    const built: string | undefined = subpath && exports[`.${subpath[1] ?? ''}`]?.default
    if (!built) return nextResolve(specifier, context)
    return nextResolve(new URL(built.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts'), root).href, context)
  },
})
