#!/usr/bin/env node
import { failureCode } from './command.ts'
import { supervise } from './supervisor.ts'

// A reader that has seen enough (`--print | head`) is no failure.
process.stdout.on('error', () => process.exit(0))

const args = process.argv.slice(2)
const outcome = await supervise(args)
if ('failure' in outcome) console.error(`kysely-lookup: ${outcome.failure}`)
const code = 'code' in outcome ? outcome.code : failureCode(args[0])
process.stdout.write('', () => process.stderr.write('', () => process.exit(code)))
