/** Imports what its argument says, and prints how long that took and how many modules it loaded. */
import { registerHooks } from 'node:module'

const modules = new Set<string>()
registerHooks({
  load(url, context, nextLoad) {
    if (!url.startsWith('node:')) modules.add(url)
    return nextLoad(url, context)
  },
})
const start = process.hrtime.bigint()
for (const [, specifier] of process.argv[2]!.matchAll(/import (".*")/g)) await import(JSON.parse(specifier!))
const milliseconds = Number(process.hrtime.bigint() - start) / 1e6
const own = [...modules].filter((url) => /\/dist\/[^/]+\.js$/.test(url) && !url.includes('/node_modules/'))
console.log(JSON.stringify({ milliseconds, modules: modules.size, ownModules: own.length }))
