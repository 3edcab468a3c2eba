import type { repos } from '../service/db.ts'

type Repos = typeof repos
type LookupTable = 'city' | 'country' | 'currency' | 'language' | 'time_zone'

/** What the service asks of its reference data: the part of `repos` that the plain way must have too. */
export type Lookups = Pick<Repos, '$close' | '$ready' | '$request'> & {
  readonly [Name in LookupTable]: Pick<Repos[Name], 'findByKeyOrThrow'>
}
