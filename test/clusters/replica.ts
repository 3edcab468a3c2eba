import { setTimeout as pause } from 'node:timers/promises'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import type { AnyRepositories } from '../support/lookups.ts'
import { type AnyDB, COUNTRIES, metadataOf } from '../support/lookups.ts'
import { createTestDatabase, runStatements } from '../support/server.ts'
import { ask, becomes, type Cluster } from './cluster.ts'

/** What a process sees that reads from the replica: versions that arrive with the rows, and a replica that lags. */
export async function observeReplica(cluster: Cluster): Promise<string[]> {
  const [primary, replica] = cluster.servers.map((port) => cluster.urlOf(port)) as [string, string]
  await using test = await createTestDatabase({ name: 'replica', server: primary })
  const said: string[] = []
  await runStatements(test.url, ...COUNTRIES)
  await using writer = createDatabase<AnyDB>({ uri: test.url })
  await createVersionTable(writer)
  await trackVersion(writer, 'country')

  const versions = (url: string) =>
    ask(url, `select table_name, slot, version from \`${test.name}\`.lookup_version order by 1, 2`)
  const sentOn = async () =>
    JSON.stringify(await versions(primary)) === JSON.stringify(await versions(replica))
  for (const format of ['ROW', 'MIXED']) {
    await ask(primary, `set global binlog_format = ${format}`)
    for (let change = 0; change < 20; change++) {
      // A session of its own each time: the slot is that of the connection.
      await runStatements(
        test.url,
        `update country set name = 'France ${format} ${change}' where code = 'FR'`,
      )
    }
    if (!(await becomes(sentOn)))
      throw new Error(`${format}: the replica has other versions than the primary`)
    said.push(`${format}: 20 writers' versions are the same on the replica, slot by slot`)
  }

  const replicaUrl = new URL(test.url)
  replicaUrl.port = new URL(replica).port
  await using db = createDatabase<AnyDB>({ uri: replicaUrl.href })
  const tables = await metadataOf(db)
  await using repos = createRepositories({
    ...{ db, tables, cache: { country: 'versioned' } },
    versions: { pollInterval: 50 },
  }) as unknown as AnyRepositories
  const name = async () => (await repos.country!.findByKey('FR'))?.name
  await name()
  await cluster.run('pause')
  const before = await name()
  await runStatements(test.url, "update country set name = 'later' where code = 'FR'")
  await pause(500)
  if ((await name()) !== before) throw new Error('a stopped applier let a change through')
  await cluster.run('resume')
  if (!(await becomes(async () => (await name()) === 'later'))) throw new Error('the change did not arrive')
  said.push('a process that reads from the replica alone sees its past, and the change when it is applied')
  return said
}
