/**
 * Preloaded (`--import`) into a process that is to go wrong: a part of the library is replaced by one with a fault.
 * HISTORY_FAULT says which.
 */
import { access } from 'node:fs/promises'
import { registerHooks } from 'node:module'
import { type Fault, faults } from './faults.ts'

const name = process.env.HISTORY_FAULT as Fault
const right = new URL(`../../src/${faults[name].part}`, import.meta.url).href
const wrong = new URL(`./faults/${name}.ts`, import.meta.url).href

// A part that moved would leave the process right without a word.
await Promise.all([right, wrong].map((url) => access(new URL(url))))

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    // The part with the fault is made of the right one.
    if (resolved.url !== right || context.parentURL === wrong) return resolved
    return { ...resolved, url: wrong, shortCircuit: true }
  },
})
