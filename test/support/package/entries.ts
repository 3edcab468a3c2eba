/** What an entry of the package may load, besides what Node has. */
export interface Entry {
  /** The packages that its own files import when they run; types do not count. */
  readonly packages: readonly string[]
  /** Packages that its declarations need besides, for users who have them: those of its types alone. */
  readonly types?: readonly string[]
  /** How many files of other packages are loaded at most, those that they load themselves included. */
  readonly modules: number
  /** The rooms of `dist` that it loads files from; `''` is the top. */
  readonly rooms: readonly string[]
}

/**
 * By key of `exports` in package.json. A subpath whose packages are optional peers is the only one that names them:
 * none of the others may come to load them.
 */
export const ENTRIES: Readonly<Record<string, Entry>> = {
  '.': {
    packages: ['dataloader', 'kysely', 'mysql2'],
    modules: 349,
    rooms: [
      ...['', 'cache', 'columns', 'database', 'diagnostics', 'keys', 'loading', 'repositories', 'rows'],
      ...['schema', 'scope', 'store', 'verification', 'versions'],
    ],
  },
  './binlog': {
    packages: ['mysql2'],
    modules: 92,
    rooms: ['', 'binlog', 'database', 'versions'],
  },
  './express': { packages: [], modules: 0, rooms: ['', 'frameworks'] },
  './fastify': { packages: [], types: ['fastify'], modules: 0, rooms: ['', 'frameworks'] },
  './hono': { packages: [], types: ['hono'], modules: 0, rooms: ['', 'frameworks'] },
  './lmdb': { packages: ['lmdb'], modules: 33, rooms: ['', 'diagnostics', 'store'] },
  './migration': { packages: ['kysely'], modules: 256, rooms: ['', 'database', 'migration', 'versions'] },
  './opentelemetry': {
    packages: ['@opentelemetry/api'],
    modules: 52,
    rooms: ['', 'database', 'diagnostics', 'opentelemetry'],
  },
  './page': {
    packages: [],
    modules: 0,
    rooms: ['', 'database', 'page', 'repositories'],
  },
  './redis': {
    packages: [],
    modules: 0,
    rooms: ['', 'database', 'diagnostics', 'redis', 'store', 'versions'],
  },
  './testing': {
    packages: ['kysely', 'mysql2'],
    modules: 359,
    rooms: ['', 'columns', 'database', 'migration', 'repositories', 'testing', 'versions'],
  },
}
