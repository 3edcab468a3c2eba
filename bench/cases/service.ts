/** A service that looks up fifty cities a request and their countries, twenty requests at a time. */
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import type { Side } from '../peer.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'
import type { ServiceOptions } from './service-side.ts'

interface ServiceSide {
  readonly side: Side
  /** Sends some thousand statements where others send one: fewer requests are enough. */
  readonly slow?: boolean
  /** Not measured over HTTP: in-process shows enough. */
  readonly inProcessOnly?: boolean
}

const IDEAL = 'Kysely + DataLoader + Map'
const SIDES: Record<string, ServiceSide> = {
  [IDEAL]: { side: { module: 'sides/dataloader', variant: 'ideal' } },
  'kysely-lookup, immutable': { side: { module: 'sides/lookup', variant: 'immutable' } },
  'kysely-lookup, versioned': { side: { module: 'sides/lookup', variant: 'versioned' } },
  'kysely-lookup, per request': { side: { module: 'sides/lookup', variant: 'request' } },
  'layered-loader': { side: { module: 'peers/layered-loader' } },
  bentocache: { side: { module: 'peers/bentocache' } },
  'Kysely + DataLoader': { side: { module: 'sides/dataloader', variant: 'request' } },
  'Prisma findUnique': { side: { module: 'peers/prisma' }, slow: true },
  'MikroORM, dataloader': { side: { module: 'peers/mikro-orm', variant: 'dataloader' }, slow: true },
  'MikroORM, identity map': {
    side: { module: 'peers/mikro-orm', variant: 'identity map' },
    slow: true,
    inProcessOnly: true,
  },
  'MikroORM, result cache': {
    side: { module: 'peers/mikro-orm', variant: 'result cache' },
    slow: true,
    inProcessOnly: true,
  },
  'sequelize-simple-cache': { side: { module: 'peers/sequelize' }, slow: true, inProcessOnly: true },
  Drizzle: { side: { module: 'peers/drizzle' }, slow: true, inProcessOnly: true },
  TypeORM: { side: { module: 'peers/typeorm' }, slow: true, inProcessOnly: true },
  'Kysely, one by one': {
    side: { module: 'sides/kysely', variant: 'one' },
    slow: true,
    inProcessOnly: true,
  },
}

const CONCURRENCY = 20

export async function service({ servers, quick, wants }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const http of [false, true]) {
    for (const cold of [true, false]) {
      const what = `${cold ? 'cold' : 'warm'}, ${http ? 'over HTTP' : 'in-process'}`
      if (!wants(what)) continue
      for (const server of servers) {
        const sides = Object.entries(SIDES).filter(([, { inProcessOnly }]) => !(http && inProcessOnly))
        const comparison = await compare({
          baseline: IDEAL,
          processes: 1,
          rounds: quick ? 3 : 6,
          warmup: 1,
          sides: Object.fromEntries(
            sides.map(([name, { side, slow }]) => {
              const requests = slow ? 40 : 400
              const times = slow ? 1 : cold || http ? 3 : 10
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
