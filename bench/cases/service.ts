/** A service that looks up fifty cities a request and their countries, twenty requests at a time. */
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import type { Side } from '../peer.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'
import type { ServiceOptions } from './service-side.ts'

interface ServiceSide {
  readonly side: Side
  readonly speed: Speed
  /** Not measured over HTTP, nor in a first look: it sends a hundred statements a request. */
  readonly rest?: boolean
}

/** How many requests a round sends, and how often where they are answered from memory. */
interface Speed {
  readonly requests: number
  readonly timesWarm: number
}

const FAST: Speed = { requests: 400, timesWarm: 10 }
const MEDIUM: Speed = { requests: 400, timesWarm: 1 }
/** Nothing is remembered from one request to the next: fewer of them tell the same. */
const SLOW: Speed = { requests: 20, timesWarm: 1 }

const IDEAL = 'Kysely + DataLoader + Map'
const SIDES: Record<string, ServiceSide> = {
  [IDEAL]: { side: { module: 'sides/dataloader', variant: 'ideal' }, speed: FAST },
  'kysely-lookup, immutable': { side: { module: 'sides/lookup', variant: 'immutable' }, speed: FAST },
  'kysely-lookup, versioned': { side: { module: 'sides/lookup', variant: 'versioned' }, speed: FAST },
  'kysely-lookup, per request': { side: { module: 'sides/lookup', variant: 'request' }, speed: MEDIUM },
  'layered-loader': { side: { module: 'peers/layered-loader' }, speed: FAST },
  bentocache: { side: { module: 'peers/bentocache' }, speed: MEDIUM },
  'Kysely + DataLoader': { side: { module: 'sides/dataloader', variant: 'request' }, speed: MEDIUM },
  'Prisma findUnique': { side: { module: 'peers/prisma' }, speed: SLOW },
  'MikroORM, dataloader': { side: { module: 'peers/mikro-orm', variant: 'dataloader' }, speed: SLOW },
  'MikroORM, result cache': {
    side: { module: 'peers/mikro-orm', variant: 'result cache' },
    speed: MEDIUM,
    rest: true,
  },
  'MikroORM, identity map': {
    side: { module: 'peers/mikro-orm', variant: 'identity map' },
    speed: SLOW,
    rest: true,
  },
  'sequelize-simple-cache': { side: { module: 'peers/sequelize' }, speed: MEDIUM, rest: true },
  Drizzle: { side: { module: 'peers/drizzle' }, speed: SLOW, rest: true },
  TypeORM: { side: { module: 'peers/typeorm' }, speed: SLOW, rest: true },
  'Kysely, one by one': { side: { module: 'sides/kysely', variant: 'one' }, speed: SLOW, rest: true },
}

const CONCURRENCY = 20

export async function service({ servers, quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const http of [false, true]) {
    for (const cold of [true, false]) {
      const what = `${cold ? 'cold' : 'warm'}, ${http ? 'over HTTP' : 'in-process'}`
      if (!wants(what)) continue
      for (const server of servers) {
        progress(`${what}, ${server.name}`)
        const sides = Object.entries(SIDES).filter(([, { rest }]) => !(rest && (http || quick)))
        const comparison = await compare({
          baseline: IDEAL,
          processes: 1,
          rounds: quick ? 3 : 7,
          seconds: 25,
          // Each round starts afresh, but with compiled code.
          warmup: cold && !http && !quick ? 5 : 1,
          sides: Object.fromEntries(
            sides.map(([name, { side, speed }]) => {
              const { requests, timesWarm } = speed
              const times = cold || http ? 1 : timesWarm
              const options: ServiceOptions = { cold, http, requests, concurrency: CONCURRENCY, times }
              return [name, () => startSide({ case: 'service', side, url: server.url, options })]
            }),
          ),
        })
        const common = { case: 'service', server: server.name, what, unit: 'requests/s' }
        figures.push(...figuresOf(common, comparison, IDEAL))
      }
    }
  }
  return figures
}
