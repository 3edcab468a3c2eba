import type { Figure } from './figure.ts'

interface Target {
  readonly text: string
  readonly limit: number
  readonly atLeast?: boolean
  readonly case: string
  readonly what: string
  readonly side: string
  /** Against this side of the same table, where not against its baseline. */
  readonly against?: string
  /** A number beside the value, such as `statements`. */
  readonly more?: string
  /** The value less that of this side. */
  readonly less?: string
  /** The value itself, not a ratio. */
  readonly absolute?: boolean
}

const hit = { case: 'hits' }
const poll = { case: 'poll', limit: 2.5 }
/** What nothing remembers, read where nobody keeps it, where a request does, and where the process does. */
const batches = Object.entries({ 'no scope': 0.8, 'per request': 0.88, immutable: 1 }).flatMap(
  ([mode, limit]): Target[] => {
    const side = `findByKeys, ${mode}`
    const thousand = { case: 'batch', what: '1,000 keys', side }
    return [
      { ...thousand, text: `cold batch of 1,000 keys, ${mode}, against Kysely \`in\``, limit },
      {
        ...thousand,
        text: 'the same, against the bare prepared JSON_TABLE',
        against: 'mysql2 execute, JSON_TABLE',
        limit: 1.1,
      },
      { ...thousand, text: 'the same, against a C client', against: 'C client, JSON_TABLE', limit: 1.6 },
    ]
  },
)
const lone = Object.entries({ 'no scope': 1, 'per request': 1, immutable: 1, versioned: 1.3 }).map(
  ([mode, limit]): Target => ({
    ...{ case: 'batch', what: '1 keys', side: `findByKeys, ${mode}`, limit },
    text: `cold batch of one key, ${mode}, against Kysely \`= ?\``,
  }),
)
const warm = { case: 'service', what: 'warm, in-process', side: 'kysely-lookup, immutable', atLeast: true }
const cold = { case: 'service', side: 'kysely-lookup, immutable' }

const stored = { case: 'store' }

/** What the library is to reach. A figure that is missing, or missed, says so. */
const TARGETS: readonly Target[] = [
  {
    ...hit,
    text: '`await findByKey(pk)`, `immutable`, 1,000 hot rows, against `await map.get(k)`',
    what: 'primary key, 1,000 hot rows',
    side: 'findByKey, immutable',
    limit: 1.05,
  },
  {
    ...hit,
    text: 'the same, 65,536 hot rows',
    what: 'primary key, 65,536 hot rows',
    side: 'findByKey, immutable',
    limit: 1.2,
  },
  {
    ...hit,
    text: 'the same, `versioned`, in a scope, 1,000 hot rows',
    what: 'primary key, 1,000 hot rows',
    side: 'findByKey, versioned, in a scope',
    limit: 1.2,
  },
  {
    ...hit,
    text: 'the same, `expiring`',
    what: 'primary key, 1,000 hot rows',
    side: 'findByKey, expiring',
    limit: 2,
  },
  {
    ...hit,
    text: '`peek(pk)`, 1,000 hot rows, against `map.get(k)`',
    what: 'peek, 1,000 hot rows',
    side: 'peek, immutable',
    limit: 1.25,
  },
  {
    ...hit,
    text: 'unique key, 1,000 hot rows, against `await map.get(pk)`',
    what: 'unique key, 1,000 hot rows',
    side: 'findByKey, immutable',
    limit: 1.4,
  },
  {
    ...hit,
    text: 'composite key, the same',
    what: 'composite key, 1,000 hot rows',
    side: 'findByKey, immutable',
    limit: 1.6,
  },
  ...batches,
  ...lone,
  { ...warm, text: 'service, warm, against the hand-written ideal', limit: 0.9 },
  { ...warm, text: 'the same, against layered-loader', against: 'layered-loader', limit: 1.3 },
  { ...warm, text: 'the same, against Prisma', against: 'Prisma findUnique', limit: 100 },
  { ...warm, text: 'the same, against Drizzle', against: 'Drizzle', limit: 100 },
  { ...warm, text: 'the same, against TypeORM', against: 'TypeORM', limit: 100 },
  { ...warm, text: 'the same, against MikroORM', against: 'MikroORM, identity map', limit: 100 },
  {
    ...cold,
    text: 'service, cold, 20 requests at a time, against the hand-written ideal',
    what: 'cold, in-process',
    atLeast: true,
    limit: 1.3,
  },
  ...['1', '1,000'].map(
    (requests): Target => ({
      ...{ ...cold, case: 'growth', what: `cold service, ${requests} requests at a time` },
      ...{ text: `the same, ${requests} at a time`, atLeast: true, limit: 1 },
    }),
  ),
  {
    ...cold,
    text: 'service without a process-wide cache, cold, against Kysely + DataLoader',
    what: 'cold, in-process',
    side: 'kysely-lookup, per request',
    against: 'Kysely + DataLoader',
    atLeast: true,
    limit: 1.1,
  },
  {
    ...cold,
    text: 'statements per request, cold, in-process',
    what: 'cold, in-process',
    more: 'statements',
    limit: 0.15,
  },
  { ...cold, text: 'the same over HTTP', what: 'cold, over HTTP', more: 'statements', limit: 0.25 },
  {
    case: 'scope',
    text: '`$forRequest` over 40 tables, untouched (ns)',
    what: 'untouched',
    side: '$forRequest',
    absolute: true,
    limit: 200,
  },
  {
    case: 'scope',
    text: '`$request`, untouched, above a bare `als.run` (ns)',
    what: 'untouched',
    side: '$request',
    less: 'als.run',
    limit: 100,
  },
  {
    case: 'memory',
    text: 'memory per cached row before a hit, against a plain object in a Map',
    what: '50,000 rows held',
    side: 'immutable, one key, before a hit',
    limit: 1.15,
  },
  {
    case: 'memory',
    text: 'the same after hits',
    what: '50,000 rows held',
    side: 'immutable, one key, after hits',
    limit: 1.3,
  },
  {
    case: 'preload',
    text: '`preload` of 135,000 rows, against `select *` into a Map',
    what: '135,000 rows',
    side: 'preload, immutable',
    against: 'mysql2, select * into a Map',
    limit: 1,
  },
  {
    case: 'writes',
    text: '1,000 rows in one statement of a tracked table, against none',
    what: '1,000 rows in one statement',
    side: 'tracked',
    limit: 3,
  },
  ...['Redis', 'binary log'].flatMap((side): Target[] => [
    {
      ...{ case: 'visible', what: 'commit to visible, idle', side, more: 'p99', limit: 50 },
      text: `commit to visible in another process, ${side}, idle, p99 (ms)`,
    },
    {
      ...{ case: 'visible', what: 'commit to visible, under load', side, more: 'p99', limit: 150 },
      text: 'the same, under load',
    },
  ]),
  {
    ...stored,
    text: '`findByKey` from an lmdb store, first touch, against a lone statement',
    what: 'findByKey, first touch of each of 135,000 rows',
    side: 'lmdb store',
    limit: Number((1 / 12).toPrecision(2)),
  },
  {
    ...stored,
    text: 'the same (µs a row)',
    what: 'findByKey, first touch of each of 135,000 rows',
    side: 'lmdb store',
    absolute: true,
    limit: 3,
  },
  {
    ...stored,
    text: 'cold service in a new process over a filled lmdb store, against the hand-written ideal',
    what: 'cold service in a new process',
    side: 'kysely-lookup, lmdb store',
    atLeast: true,
    limit: 4,
  },
  {
    ...stored,
    text: 'lookup statements of it',
    what: 'cold service in a new process',
    side: 'kysely-lookup, lmdb store',
    more: 'lookups',
    limit: 0,
  },
  {
    ...stored,
    text: 'the same over a Redis store, against the hand-written ideal',
    what: 'cold service in a new process',
    side: 'kysely-lookup, Redis store',
    atLeast: true,
    limit: 1.2,
  },
  {
    ...stored,
    text: 'lookup statements of it',
    what: 'cold service in a new process',
    side: 'kysely-lookup, Redis store',
    more: 'lookups',
    limit: 0,
  },
  {
    ...stored,
    text: 'memory of 135,000 rows in 8 processes, with a store, against all in each',
    what: 'memory that the rows take in 8 processes',
    side: 'a store, 10,000 rows in each process',
    limit: 0.25,
  },
  {
    ...stored,
    text: 'statements of 8 processes that begin cold together, against those of one',
    what: '8 processes begin cold with the same 10,000 keys',
    side: '8 processes, a store',
    limit: 1.5,
  },
  ...['hits', 'hits in a scope'].map(
    (reads): Target => ({
      ...stored,
      text: `${reads} with an lmdb store, against none`,
      what: `${reads}, 1,000 hot rows, with and without a store`,
      side: 'lmdb store',
      limit: 1.05,
    }),
  ),
  {
    case: 'store-large',
    text: 'random reads of 10,000,000 rows from an lmdb store (µs a row)',
    what: 'random reads of 10,000,000 rows of eight columns',
    side: 'lmdb store',
    absolute: true,
    limit: 5,
  },
  ...[1_000, 200].map(
    (interval): Target => ({
      case: 'machine-polls',
      text: `polls of 8 processes of a machine, each ${interval} ms, against those of one`,
      what: `one machine, a poll each ${interval} ms`,
      side: '8 processes',
      limit: 1.5,
    }),
  ),
  {
    case: 'growth',
    text: 'hit with 1,000,000 rows cached, against a Map of as many',
    what: 'hit, 1,000,000 rows held',
    side: 'findByKey, immutable',
    limit: 1.5,
  },
  { ...poll, text: 'idle poll, 20 tables, against `select 1`', what: '20 tables', side: 'poll' },
  {
    ...poll,
    text: 'the same with 2,000 tables in the database',
    what: '20 tables, and 1980 others in the database',
    side: 'poll',
  },
  {
    ...poll,
    text: 'the same for 100 sets of repositories',
    what: '20 tables, 100 sets',
    side: 'poll for 100 sets of repositories',
  },
  {
    ...poll,
    text: 'a second of 4 polls, with the counters of DDL',
    what: '20 tables, a second of 4 polls',
    side: 'polls, and the counters once',
  },
]

export function targetTable(figures: readonly Figure[]): string {
  const servers = [...new Set(figures.map(({ server }) => server))].filter((name) => name !== 'no server')
  const lines = TARGETS.map((target) => {
    const cells = servers.map((server) => cellOf(target, figures, server))
    return `| ${target.text} | ${target.atLeast ? '≥' : '≤'} ${target.limit} | ${cells.join(' | ')} |`
  })
  return [
    `| case | target | ${servers.join(' | ')} |`,
    `|---|---:|${servers.map(() => '---:|').join('')}`,
    ...lines,
  ].join('\n')
}

function cellOf(target: Target, figures: readonly Figure[], server: string): string {
  const find = (side: string) =>
    figures.find(
      (one) =>
        one.case === target.case && one.what === target.what && one.side === side && one.server === server,
    )
  const figure = find(target.side)
  if (figure?.value === undefined) return ''
  const amount = amountOf(target, figure, find)
  if (amount === undefined) return ''
  const met = target.atLeast ? amount >= target.limit : amount <= target.limit
  return `${Number(amount.toPrecision(3))}${met ? '' : ', missed'}`
}

function amountOf(
  target: Target,
  figure: Figure,
  find: (side: string) => Figure | undefined,
): number | undefined {
  if (target.more) return figure.more?.[target.more]
  if (target.absolute) return figure.value
  const other = find(target.less ?? target.against ?? '')?.value
  if (target.less) return other === undefined ? undefined : figure.value! - other
  if (target.against) return other === undefined ? undefined : figure.value! / other
  return figure.ratio
}
