/** What an entry of the package may load, besides what Node has. */
export interface Entry {
  /** The packages that its own files import when they run; types do not count. */
  readonly packages: readonly string[]
  /** Packages that its declarations need besides, for users who have them: those of its types alone. */
  readonly types?: readonly string[]
  /** The folders of `dist` that it loads files from; `''` is the main room. */
  readonly rooms: readonly string[]
}

/**
 * By key of `exports` in package.json. A subpath whose packages are optional peers is the only one that names them:
 * none of the others may come to load them.
 */
export const ENTRIES: Readonly<Record<string, Entry>> = {
  '.': { packages: ['dataloader', 'kysely', 'mysql2'], rooms: [''] },
  './express': { packages: [], rooms: ['', 'frameworks'] },
  './fastify': { packages: [], types: ['fastify'], rooms: ['', 'frameworks'] },
  './hono': { packages: [], types: ['hono'], rooms: ['', 'frameworks'] },
  './migration': { packages: ['kysely'], rooms: ['', 'migration'] },
  './opentelemetry': { packages: ['@opentelemetry/api'], rooms: ['', 'opentelemetry'] },
  './testing': { packages: ['kysely', 'mysql2'], rooms: ['', 'migration', 'testing'] },
}
