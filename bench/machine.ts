import { readFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import type { BenchServer } from './servers.ts'

/** What the figures are of. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGB: number
  readonly node: string
  readonly servers: readonly string[]
  /** Of the packages that are compared. */
  readonly packages: Readonly<Record<string, string>>
}

const PACKAGES = [
  ...['kysely', 'mysql2', 'dataloader', 'layered-loader', 'bentocache', '@prisma/client', 'drizzle-orm'],
  ...['typeorm', '@mikro-orm/mysql', 'sequelize', 'sequelize-simple-cache'],
]

export function describeMachine(servers: readonly BenchServer[]): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    servers: servers.map(({ name, version }) => `${name.split(' ')[0]} ${version}`),
    packages: Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
  }
}

function versionOf(name: string): string {
  const path = new URL(import.meta.resolve(name)).pathname
  const folder = path.slice(0, path.indexOf(`/node_modules/${name}/`) + `/node_modules/${name}/`.length)
  return JSON.parse(readFileSync(`${folder}package.json`, 'utf8')).version
}
