/**
 * The long form of the history check: processes read and write one table for as long as you like, connections are killed,
 * replies are late, and the logs are judged.
 *
 *     node test/history/run.ts [--seconds 120] [--seed N] [--url mysql://…] [--services 3] [--mode expiring]
 *         [--store lmdb|redis|tiered [--faults kill,delete,…]] [--stops] [--slots 1,16] [--fault NAME]
 *
 * `--slots` says how many version rows the table has; with several numbers it changes all the time. `--faults` says what happens to the store (`STORE_FAULTS` in stores.ts; by default all that leaves processes alive). `--fault` plants a
 * fault in the library, to see that it is found.
 *
 * Without --url it runs on an embedded server. It exits with 1 where a guarantee was broken.
 */
import { parseArgs } from 'node:util'
import { startEmbeddedServer } from '../support/embedded-server.ts'
import { type Fault, faultNamed, faults } from './faults.ts'
import { runHistory } from './history-run.ts'
import type { Slots } from './slots.ts'
import { STORE_FAULTS, STORES, type StoreFault } from './stores.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '120' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    url: { type: 'string' },
    services: { type: 'string', default: '3' },
    mode: { type: 'string', default: 'versioned' },
    store: { type: 'string' },
    faults: { type: 'string' },
    stops: { type: 'boolean', default: false },
    slots: { type: 'string' },
    fault: { type: 'string' },
  },
})

const { fault } = values
if (fault !== undefined && !Object.hasOwn(faults, fault)) {
  throw new Error(`--fault must be one of ${Object.keys(faults).join(', ')}`)
}
const planted = fault === undefined ? undefined : faultNamed(fault as Fault)
const mode = planted?.mode ?? values.mode
if (mode !== 'versioned' && mode !== 'expiring') throw new Error('--mode must be versioned or expiring')
const store = STORES.find((name) => name === (values.store ?? planted?.store))
if (values.store !== undefined && !store) throw new Error(`--store must be one of ${STORES.join(', ')}`)
const happening = values.faults?.split(',')
const strange = happening?.find((name) => !(STORE_FAULTS as readonly string[]).includes(name))
if (strange !== undefined) throw new Error(`--faults must be some of ${STORE_FAULTS.join(',')}`)
process.env.TEST_SERVER_URL = values.url ?? (await startEmbeddedServer()).url
console.log(`seed ${values.seed}, ${values.seconds} s, ${mode}${store ? `, ${store}` : ''}`)
const { violations, counts, failures, ...numbers } = await runHistory({
  seconds: Number(values.seconds),
  seed: Number(values.seed),
  services: Number(values.services),
  mode,
  stops: values.stops,
  slots: values.slots?.split(',').map((count) => Number(count) as Slots),
  ...(store && { store }),
  ...(happening && { faults: happening as StoreFault[] }),
  ...(fault && { fault: fault as Fault }),
})
console.table(numbers)
if (numbers.failedReads > 0) console.log('reads failed:', failures)
for (const { kind, process: number, detail } of violations)
  console.log(`process ${number}: ${kind}: ${detail}`)
if (violations.length > 0) {
  console.log('broken:', counts)
  process.exitCode = 1
} else {
  console.log('nothing was broken')
}
