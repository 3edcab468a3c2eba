import { getCountryCode, getTimeZones, rawTimeZones, timeZonesNames, tzdbVersion } from '@vvo/tzdb'
import { countries } from 'countries-list'
import type { Kysely } from 'kysely'
import { loadTable, type SeedDatabase } from '../reference-data/load-table.ts'
import { sift } from '../reference-data/sift.ts'

const utc = 'Etc/UTC'

/**
 * Every zone of the IANA database's zone.tab, and UTC, from `@vvo/tzdb`, which describes zones in groups that
 * keep the same time. The old names of a zone (`Asia/Calcutta`) are links, not zones, and are left out.
 */
export async function seed(db: Kysely<SeedDatabase>): Promise<void> {
  const groups = [...rawTimeZones, ...getTimeZones({ includeUtc: true }).filter((zone) => zone.name === utc)]
  const groupOf = new Map(groups.flatMap((group) => group.group.map((name) => [name, group] as const)))
  const current = new Set([...timeZonesNames, utc])

  const zones = sift(new Set([...current, ...groupOf.keys()]), (name) => {
    if (!current.has(name)) return 'an old name of a zone'
    if (!groupOf.has(name)) return 'a zone without a description'
    const country = getCountryCode(name)
    if (country !== undefined && !Object.hasOwn(countries, country))
      return `a zone of ${country}, an unknown country`
    return undefined
  })
  const rows = zones.kept.map((name) => {
    const group = groupOf.get(name)!
    return {
      name,
      country_code: getCountryCode(name) ?? null,
      alternative_name: group.alternativeName,
      standard_offset: group.rawOffsetInMinutes,
      abbreviation: group.abbreviation,
      dst_abbreviation: group.dstAbbreviation ?? null,
    }
  })
  await loadTable(db, { table: 'time_zone', key: ['name'], rows, leftOut: zones.leftOut })
  console.log(`time_zone: IANA time zone database ${tzdbVersion}`)
}
