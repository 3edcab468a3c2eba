import { createSchema } from 'graphql-yoga'
import type { Lookups } from '../../comparison/lookups.ts'
import { findShipment, type Shipment, shipmentsOfPage } from '../../service/shipment.ts'
import { priceText } from './price.ts'

/** What every resolver is given: the lookups of the way that is being measured. */
export interface QueryContext {
  readonly lookups: Lookups
}

type Row<Name extends 'city' | 'country' | 'currency' | 'language' | 'time_zone'> = Awaited<
  ReturnType<Lookups[Name]['findByKeyOrThrow']>
>

const typeDefs = /* GraphQL */ `
  type Query {
    "Shipments, 25 a page; pages 1 to 400."
    shipments(page: Int = 1, first: Int = 25): [Shipment!]!
    shipment(id: Int!): Shipment
    "By its two letters: FR."
    country(code: String!): Country!
  }
  type Shipment {
    id: Int!
    price: String!
    due: String!
    origin: City!
    destination: City!
    currency: Currency!
    "Of the papers."
    language: Language!
    "Where the receiver's clock is read."
    timeZone: TimeZone!
  }
  type City {
    id: Int!
    name: String!
    population: Int!
    country: Country!
  }
  type Country {
    code: String!
    name: String!
    nativeName: String!
    capital: String
    continent: String!
    currencies: [Currency!]!
    languages: [Language!]!
  }
  type Currency {
    code: String!
    name: String!
    symbol: String
  }
  type Language {
    code: String!
    name: String!
    nativeName: String
  }
  type TimeZone {
    name: String!
    title: String!
    country: Country
  }
`

const resolvers = {
  Query: {
    async shipments(_: unknown, { page, first }: { page: number; first: number }) {
      return (await shipmentsOfPage(Math.max(page, 1))).slice(0, Math.max(first, 0))
    },
    shipment: (_: unknown, { id }: { id: number }) => findShipment(id),
    country: (_: unknown, { code }: { code: string }, { lookups }: QueryContext) =>
      lookups.country.findByKeyOrThrow(code),
  },
  Shipment: {
    price: (shipment: Shipment, _: unknown, { lookups }: QueryContext) => priceText(shipment, lookups),
    due: (shipment: Shipment) => shipment.due_at.toISOString(),
    origin: ({ origin_city_id }: Shipment, _: unknown, { lookups }: QueryContext) =>
      lookups.city.findByKeyOrThrow(origin_city_id),
    destination: ({ destination_city_id }: Shipment, _: unknown, { lookups }: QueryContext) =>
      lookups.city.findByKeyOrThrow(destination_city_id),
    currency: ({ currency_code }: Shipment, _: unknown, { lookups }: QueryContext) =>
      lookups.currency.findByKeyOrThrow(currency_code),
    language: ({ language_code }: Shipment, _: unknown, { lookups }: QueryContext) =>
      lookups.language.findByKeyOrThrow(language_code),
    timeZone: ({ time_zone_name }: Shipment, _: unknown, { lookups }: QueryContext) =>
      lookups.time_zone.findByKeyOrThrow(time_zone_name),
  },
  City: {
    country: (city: Row<'city'>, _: unknown, { lookups }: QueryContext) =>
      lookups.city.findReferencedOrThrow(city, 'country_code'),
  },
  Country: {
    nativeName: (country: Row<'country'>) => country.native_name,
    async currencies({ code }: Row<'country'>, _: unknown, { lookups }: QueryContext) {
      const links = await lookups.country_currency.findAllBy({ country_code: code })
      return Promise.all(
        links.map((link) => lookups.country_currency.findReferencedOrThrow(link, 'currency_code')),
      )
    },
    async languages({ code }: Row<'country'>, _: unknown, { lookups }: QueryContext) {
      const links = await lookups.country_language.findAllBy({ country_code: code })
      return Promise.all(
        links.map((link) => lookups.country_language.findReferencedOrThrow(link, 'language_code')),
      )
    },
  },
  Language: {
    nativeName: (language: Row<'language'>) => language.native_name,
  },
  TimeZone: {
    title: (timeZone: Row<'time_zone'>) => timeZone.alternative_name,
    country: (timeZone: Row<'time_zone'>, _: unknown, { lookups }: QueryContext) =>
      lookups.time_zone.findReferenced(timeZone, 'country_code'),
  },
}

/** Shipments and what they refer to, as resolvers are written by hand: each asks for the row that it needs. */
export const schema = createSchema<QueryContext>({ typeDefs, resolvers })
