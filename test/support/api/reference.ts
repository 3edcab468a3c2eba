/**
 * Writes docs/reference.md from the TSDoc of the public API.
 *
 *     npm run reference
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from '../documents/documents.ts'
import type { Declaration } from './declarations.ts'
import { type PublicApi, type PublicEntry, type PublicExport, readPublicApi, summary } from './public-api.ts'

export const REFERENCE = 'docs/reference.md'

/** What stands between the markers of each part of the page. */
const PARTS: Readonly<Record<string, (api: PublicApi) => string>> = {
  'createDatabase options': (api) => optionsTable(api, ['DatabaseOptions', 'DecodingOptions']),
  'createRepositories options': (api) =>
    optionsTable(api, ['RepositoriesOptions']) + optionsTable(api, ['VersionOptions'], 'versions.'),
  '$transaction options': (api) => optionsTable(api, ['TransactionOptions']),
  repository: (api) => membersTable(api, ['Repository', 'ReferenceReads', 'Inserts', 'Writes']),
  repositories: (api) => membersTable(api, ['RepositoriesMembers', 'TableAccess', 'TransactionRepositories']),
  'requestScope options': (api) => optionsTable(api, ['RequestScopeOptions']),
  'lmdb options': (api) => optionsTable(api, ['LmdbStoreOptions']),
  'opentelemetry options': (api) =>
    optionsTable(api, ['InstrumentationOptions'], 'instrumentLookups: ') +
    optionsTable(api, ['StatsObserverOptions'], 'observeStats: '),
  'page options': (api) => optionsTable(api, ['LookupPageOptions']),
  'testing options': (api) =>
    optionsTable(api, ['ThrowawayServerOptions'], 'startThrowawayServer: ') +
    optionsTable(api, ['TestDatabaseOptions'], 'createTestDatabase: ') +
    optionsTable(api, ['MigrationFolder'], 'migrate: ') +
    optionsTable(api, ['TruncateOptions'], 'truncateTables: ') +
    optionsTable(api, ['StatementCountOptions'], 'countStatements, expectStatements: '),
}

/** The page as it should be, from the page as it is: what is outside of the markers stays. */
export function renderReference(page: string, api: PublicApi): string {
  const named = new Map(Object.entries(PARTS))
  for (const entry of api.entries) named.set(entry.name, () => exportsTable(entry))
  return page.replaceAll(
    /(<!-- reference, (.+): begin -->\n).*?(<!-- reference, \2: end -->)/gs,
    (whole, begin: string, name: string, end: string) => {
      const part = named.get(name)
      if (!part) throw new Error(`${REFERENCE} has a part ${name}, and nothing writes it: ${whole}`)
      return `${begin}\n${part(api).replaceAll(/\|\n\|[^\n]*\|\n\|---\|---\|\n/g, '|\n')}\n${end}`
    },
  )
}

function exportsTable({ exports }: PublicEntry): string {
  const sorted = [...exports].sort(([a], [b]) => (a < b ? -1 : 1))
  const values = sorted.filter(([, { declaration }]) => !isType(declaration))
  const types = sorted.filter(([, one]) => isType(one.declaration) && !isPart(one))
  const parts = sorted.filter(([, one]) => isType(one.declaration) && isPart(one))
  const rows = (of: typeof sorted) =>
    of.map(([, { declaration }]) => row(callOf(declaration), sentence(declaration)))
  const tables = [
    table(['export', ''], rows(values)),
    table(['type', ''], rows(types)),
    table(['part of other types', ''], rows(parts)),
  ]
  return tables.filter(Boolean).join('\n')
}

function optionsTable(api: PublicApi, owners: readonly string[], prefix = ''): string {
  const rows = owners.flatMap((owner) =>
    exportOf(api, owner).declaration.members.map((member) => row(prefix + member.name, summary(member))),
  )
  return table(['option', ''], rows)
}

function membersTable(api: PublicApi, owners: readonly string[]): string {
  const rows = owners.flatMap((owner) =>
    exportOf(api, owner).declaration.members.map((member) => row(callOf(member), sentence(member))),
  )
  return table(['member', ''], rows)
}

function exportOf({ entries }: PublicApi, name: string): PublicExport {
  const found = entries.flatMap(({ exports }) => exports.get(name) ?? [])[0]
  if (!found) throw new Error(`nothing exports ${name}`)
  return found
}

/** You see these in messages of the compiler, and seldom name them. */
function isPart({ file }: PublicExport): boolean {
  return /\bkeys\/(?:key-parts|constant-types|reference-types)\.d\.ts$/.test(file)
}

function isType({ kind }: Declaration): boolean {
  return kind === 'interface' || kind === 'type'
}

/** `findByKey(key)`; the name alone for what is not called. */
function callOf({ kind, name, text }: Declaration): string {
  if (kind !== 'function' && kind !== 'method') return name
  const list = parameterList(text)
  const names = [...list.matchAll(/(?:^|, )(?:readonly )?(\w+\??):/g)].map(([, parameter = '']) => parameter)
  return `${name}(${names.join(', ')})`
}

/** What stands between the parentheses of a call, without the types that have parentheses, braces or commas of their own. */
function parameterList(text: string): string {
  let depth = 0
  let angles = 0
  let list = ''
  const start = text.indexOf('(', text.indexOf('>(') === -1 ? 0 : text.indexOf('>('))
  for (let at = start; at < text.length; at++) {
    const character = text[at] as string
    if ('({['.includes(character)) depth++
    if (character === '<') angles++
    if (character === '>' && text[at - 1] !== '=') angles--
    if (depth === 1 && angles === 0 && !'({['.includes(character)) list += character
    if (')}]'.includes(character)) depth--
    if (depth === 0) break
  }
  return list
}

function sentence(declaration: Declaration): string {
  return /^.*?[.:](?= [A-Z{`-]|$)/.exec(summary(declaration))?.[0].replace(/:$/, '.') ?? summary(declaration)
}

function row(name: string, text: string): string {
  return `| \`${name}\` | ${text.replaceAll('|', '\\|')} |\n`
}

function table([name, text]: readonly [string, string], rows: readonly string[]): string {
  return rows.length === 0
    ? ''
    : `| ${name} | ${text} |\n|---|---|\n${rows.join('')}`.replaceAll('|  |', '| |')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = join(root, REFERENCE)
  await writeFile(file, renderReference(await readFile(file, 'utf8'), await readPublicApi()))
}
