import type { repos } from '../service/db.ts'

type Repos = typeof repos
type LookupTable = 'city' | 'country' | 'currency' | 'language' | 'time_zone'
type LinkTable = 'country_currency' | 'country_language'
type Row<Name extends LookupTable> = Awaited<ReturnType<Repos[Name]['findByKeyOrThrow']>>

/** The lookups of the service: the part of `repos` that the plain way must have too. */
export type Lookups = {
  readonly [Name in LookupTable]: Pick<Repos[Name], 'findByKeyOrThrow'>
} & {
  readonly [Name in LinkTable]: {
    findAllBy(columns: { readonly country_code: string }): ReturnType<Repos[Name]['findAllBy']>
  }
} & {
  readonly city: {
    findReferencedOrThrow(city: Row<'city'>, reference: 'country_code'): Promise<Row<'country'>>
  }
  readonly time_zone: {
    findReferenced(timeZone: Row<'time_zone'>, reference: 'country_code'): Promise<Row<'country'> | undefined>
  }
  readonly country_currency: {
    findReferencedOrThrow(
      link: { readonly currency_code: string },
      reference: 'currency_code',
    ): Promise<Row<'currency'>>
  }
  readonly country_language: {
    findReferencedOrThrow(
      link: { readonly language_code: string },
      reference: 'language_code',
    ): Promise<Row<'language'>>
  }
}

/** The same, with everything else that the service needs. */
export type ServiceLookups = Lookups & Pick<Repos, '$close' | '$ready' | '$request'>
