import { parseArgs } from 'node:util'
import { binlogDoorbell } from '../binlog/binlog-doorbell.ts'
import { ConfigurationError } from '../errors.ts'
import { DEFAULT_CHANNEL, redisDoorbell } from '../redis/redis-doorbell.ts'
import { createAnnouncer } from '../versions/announcer.ts'
import type { DoorbellSubscription } from '../versions/doorbell.ts'
import { type Command, CommandError, UsageError } from './command.ts'
import { describeFailure } from './failure.ts'
import { secretsOf } from './secrets.ts'
import { print } from './supervision.ts'

const HELP = `Usage: kysely-lookup watch --redis URL [options]

Listens to the binary log of a database and rings the Redis doorbell for all processes that listen to it. Runs until it is stopped.

  --url URL        mysql://user:password@host:port/database, each part percent-encoded (default: DATABASE_URL).
                   The user needs REPLICATION SLAVE, REPLICATION CLIENT, and SELECT on lookup_version
  --redis URL      redis://user:password@host:port
  --channel NAME   the channel of redisDoorbell (default: ${DEFAULT_CHANNEL})
  -h, --help       this text

Each URL may be env(NAME), for the URL in the environment variable NAME. Needs the packages redis and @vlasky/zongji.
`

/** `kysely-lookup watch` */
export const watch: Command = {
  name: 'watch',
  summary: 'listens to the binary log and rings the Redis doorbell for a whole fleet',
  help: HELP,
  async run(args) {
    const options = {
      url: { type: 'string' },
      redis: { type: 'string' },
      channel: { type: 'string' },
    } as const
    const { values } = parseArgs({ args: [...args], options })
    if (values.redis === undefined) throw new UsageError('--redis is missing')
    const url = urlOf('--url', values.url ?? 'env(DATABASE_URL)')
    const redis = urlOf('--redis', values.redis)
    await ring({ url, redis, channel: values.channel ?? DEFAULT_CHANNEL })
    return 0
  },
}

interface Places {
  readonly url: string
  readonly redis: string
  readonly channel: string
}

/** Rejects where listening cannot work; else it goes on for ever. */
async function ring({ url, redis, channel }: Places): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  const secrets = [...secretsOf(url), ...secretsOf(redis)]
  const report = (what: string) => ({
    listening() {
      void print(`${what}: connected\n`)
    },
    away(error: unknown) {
      const message = describeFailure(error, { origin: what, secrets })
      if (error instanceof ConfigurationError) reject(new CommandError(message, { cause: error }))
      else console.error(`kysely-lookup: ${what}: ${message}`)
    },
  })
  let subscription: DoorbellSubscription | undefined
  const announcer = createAnnouncer({
    send: async (note) => subscription?.announce?.(note),
    // The connection itself reports what is wrong.
    failed() {},
  })
  const announce = () => void announcer.announce([]).catch(() => {})
  const sender = report('Redis')
  subscription = redisDoorbell({ url: redis, channel }).subscribe({
    ...sender,
    // What others ring is none of its business.
    ring() {},
    listening() {
      sender.listening()
      announcer.flush()
    },
  })
  const log = report('binary log')
  binlogDoorbell({ uri: url }).subscribe({
    ...log,
    ring: announce,
    listening() {
      log.listening()
      // What was written while nobody listened.
      announce()
    },
  })
  // Nothing else keeps the process running.
  const alive = setInterval(() => {}, 2 ** 30)
  return promise.finally(() => clearInterval(alive))
}

function urlOf(flag: string, given: string): string {
  const variable = /^env\((.+)\)$/.exec(given)?.[1]
  if (variable === undefined) return given
  const url = process.env[variable]
  if (url) return url
  throw new CommandError(`${flag}: the environment variable ${variable} is not set.`)
}
