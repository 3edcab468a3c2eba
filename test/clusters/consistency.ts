import { createDatabase, createRepositories } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { type AnyDB, type AnyRepositories, COUNTRIES, metadataOf } from '../support/lookups.ts'
import { createTestDatabase, runStatements } from '../support/server.ts'
import { ask, becomes, type Cluster } from './cluster.ts'

const LEVELS = ['EVENTUAL', 'BEFORE'] as const
const CHANGES = 300

interface Connection {
  query(sql: string, callback: (error: unknown) => void): void
}

/** What a process sees that reads from a secondary of a group, right after each commit on the primary. */
export async function observeConsistency(cluster: Cluster): Promise<Record<string, unknown>[]> {
  const primary = Number(await cluster.run('primary'))
  const secondary = cluster.servers.find((port) => port !== primary)!
  await using test = await createTestDatabase({ name: 'consistency', server: cluster.urlOf(primary) })
  await runStatements(test.url, ...COUNTRIES)
  await using writer = createDatabase<AnyDB>({ uri: test.url })
  await createVersionTable(writer)
  await trackVersion(writer, 'country')
  const tables = await metadataOf(writer)
  const url = new URL(test.url)
  url.port = String(secondary)
  const arrived = async () =>
    (await ask(url.href, `show tables like 'lookup_version'`).catch(() => [])).length > 0
  if (!(await becomes(arrived))) throw new Error('the tables did not arrive on the secondary')

  const rows: Record<string, unknown>[] = []
  for (const level of LEVELS) {
    await using db = createDatabase<AnyDB>({
      uri: url.href,
      lookupConnections: {
        onConnect: (connection: Connection) =>
          new Promise<void>((resolve, reject) => {
            connection.query(`set session group_replication_consistency = '${level}'`, (error) =>
              error ? reject(error) : resolve(),
            )
          }),
      },
    })
    const versions = { pollInterval: 2 ** 31 - 1 }
    await using repos = createRepositories({
      ...{ db, tables, versions, cache: { country: 'versioned' } },
    }) as unknown as AnyRepositories
    await using plain = createRepositories({ db, tables }) as unknown as AnyRepositories
    await repos.country!.findByKey('FR')
    await plain.country!.findByKey('FR')
    let [late, lateAfterLook] = [0, 0]
    const [reads, looks]: [number[], number[]] = [[], []]
    for (let change = 0; change < CHANGES; change++) {
      const name = `${level} ${change}`
      await writer.updateTable('country').set({ name }).where('code', '=', 'FR').execute()
      const began = performance.now()
      if ((await plain.country!.findByKey('FR'))?.name !== name) late++
      reads.push(performance.now() - began)
      await writer
        .updateTable('country')
        .set({ name: `${name}.` })
        .where('code', '=', 'FR')
        .execute()
      const looked = performance.now()
      await repos.$refresh()
      looks.push(performance.now() - looked)
      const held = await repos.country!.findByKey('FR').catch(() => undefined)
      if (held?.name !== `${name}.`) lateAfterLook++
    }
    rows.push({
      level,
      changes: CHANGES,
      'older rows right after the commit': late,
      'older rows after a look': lateAfterLook,
      'cold read, ms': middle(reads),
      'look at versions, ms': middle(looks),
    })
  }
  return rows
}

function middle(times: number[]): string {
  return times.sort((one, other) => one - other)[times.length >> 1]!.toFixed(2)
}
