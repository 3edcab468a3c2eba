/**
 * Whether requests leave anything behind: requests of all kinds, answered, failed and left by their clients, are sent to a
 * server of each framework, and the heap is measured.
 *
 *     node --expose-gc test/heap/run.ts [--requests 100000] [--framework Fastify] [--leak] [--url mysql://…] [--json]
 *
 * Without --url it runs on an embedded server. --leak plants scopes that do not end. It exits with 1 where the heap
 * grows or a scope stays open.
 */
import { parseArgs } from 'node:util'
import { startEmbeddedServer } from '../support/embedded-server.ts'
import { frameworks } from '../support/frameworks/servers.ts'
import { runHeap } from './heap-run.ts'

/** Bytes that the heap may grow by in a run, long or short. Scopes that are left behind would be thousands of bytes each. */
const ALLOWED_GROWTH = 2_500_000

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '100000' },
    framework: { type: 'string', multiple: true, default: Object.keys(frameworks) },
    leak: { type: 'boolean', default: false },
    url: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})

const unknown = values.framework.filter((name) => !Object.hasOwn(frameworks, name))
if (unknown.length > 0)
  throw new Error(`--framework must be of ${Object.keys(frameworks).join(', ')}, got ${unknown}`)
process.env.TEST_SERVER_URL = values.url ?? (await startEmbeddedServer()).url

for (const framework of values.framework) {
  if (!values.json) console.log(`\n${framework}`)
  const result = await runHeap({
    framework,
    requests: Number(values.requests),
    leak: values.leak,
    onSample({ requests, heap, scopes }) {
      if (!values.json) console.log(`${requests} requests: ${(heap / 1e6).toFixed(2)} MB, ${scopes} scopes`)
    },
  })
  const flat = result.bytesPerRequest * Number(values.requests) < ALLOWED_GROWTH && result.openScopes === 0
  if (!flat) process.exitCode = 1
  const { samples, ...figures } = result
  console.log(values.json ? JSON.stringify({ framework, flat, ...result }) : { flat, ...figures })
}
