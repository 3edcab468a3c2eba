/**
 * The history check on clusters behind HAProxy: processes read and write one table while the primary goes away, again and
 * again, and the logs are judged.
 *
 *     npm run clusters [-- async group galera] [--rounds 10] [--seed N] [--short]
 *
 * `--short` is two rounds each, and no more than the history: under five minutes for all of them.
 * It needs root, for the ports and packages of the scripts that start the servers. It exits with 1 where a guarantee was broken.
 */
import { parseArgs } from 'node:util'
import { type ClusterName, startCluster } from './cluster.ts'
import { runCluster } from './cluster-run.ts'
import { measureCollisions } from './collisions.ts'
import { observeConsistency } from './consistency.ts'
import { observeReplica } from './replica.ts'

const NAMES = ['async', 'group', 'galera'] as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})
// What went wrong first, and not only that the database could not be dropped after it.
process.once('uncaughtException', (error) => {
  console.error(error, ...(error instanceof SuppressedError ? [error.suppressed, error.error] : []))
  process.exit(1)
})
const names = positionals.length > 0 ? (positionals as ClusterName[]) : NAMES

for (const name of names) {
  if (!NAMES.includes(name)) throw new Error(`clusters are ${NAMES.join(', ')}, and not ${name}`)
  console.log(`${name}: starting`)
  await using cluster = await startCluster(name)
  if (name === 'async' && !values.short) {
    for (const line of await observeReplica(cluster)) console.log(`async: ${line}`)
  }
  if (name === 'group' && !values.short) console.table(await observeConsistency(cluster))
  if (name === 'galera' && !values.short) console.table(await measureCollisions(cluster))
  const { violations, counts, ...numbers } = await runCluster(cluster, {
    rounds: Number(values.rounds ?? (values.short ? 2 : 10)),
    seed: Number(values.seed),
    log: (line) => console.log(`${name}: ${line}`),
  })
  console.table(numbers)
  for (const { kind, process: number, detail } of violations) {
    console.log(`${name}: process ${number}: ${kind}: ${detail}`)
  }
  console.log(
    `${name}: ${violations.length > 0 ? `broken: ${JSON.stringify(counts)}` : 'nothing was broken'}`,
  )
  if (violations.length > 0) process.exitCode = 1
}
