import type { repos } from '../service/db.ts'

type Repos = typeof repos
type LookupTable = 'city' | 'country' | 'currency' | 'language' | 'time_zone'
type LinkTable = 'country_currency' | 'country_language'

/** The lookups of the service: the part of `repos` that the plain way must have too. */
export type Lookups = {
  readonly [Name in LookupTable]: Pick<Repos[Name], 'findByKeyOrThrow'>
} & {
  readonly [Name in LinkTable]: {
    findAllBy(columns: { readonly country_code: string }): ReturnType<Repos[Name]['findAllBy']>
  }
}

/** The same, with everything else that the service needs. */
export type ServiceLookups = Lookups & Pick<Repos, '$close' | '$ready' | '$request'>
