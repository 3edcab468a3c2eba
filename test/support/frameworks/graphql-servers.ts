import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import express from 'express'
import fastify from 'fastify'
import { createSchema, createYoga } from 'graphql-yoga'
import mercurius from 'mercurius'
import { requestScope as forExpress } from '../../../src/frameworks/express.ts'
import { requestScope as forFastify } from '../../../src/frameworks/fastify.ts'
import { closedAfterFile } from '../closing.ts'
import type { AnyRepositories, AnyRow } from '../lookups.ts'
import { type FrameworkServer, running } from './servers.ts'

export interface Context {
  repos: AnyRepositories
}

export interface GraphqlOptions {
  readonly repos: AnyRepositories
  /** The events of the subscription `renamed`: codes of countries. */
  readonly renamed?: () => AsyncIterable<string>
  /** What the query `held` waits for after a read. */
  readonly hold?: () => Promise<void>
}

const typeDefs = `
  type City { id: Int! name: String! country: Country! }
  type Country { code: ID! name: String! cities: [City!]! }
  type Query { cities(ids: [Int!]!): [City]! country(code: ID!): Country! held: Country! }
  type Subscription { renamed: Country! }
`

type Resolver = (parent: AnyRow, args: AnyRow, context: Context) => unknown

const City: Record<string, Resolver> = {
  country: (city, _args, { repos }) => repos.country!.findByKeyOrThrow(city.country_code),
}
const Country: Record<string, Resolver> = {
  cities: (country, _args, { repos }) => repos.city!.findAllBy({ country_code: country.code }),
}
function resolversWith({ hold }: GraphqlOptions) {
  const Query: Record<string, Resolver> = {
    cities: (_parent, { ids }, { repos }) => repos.city!.findByKeys(ids as number[]),
    country: (_parent, { code }, { repos }) => repos.country!.findByKeyOrThrow(code),
    async held(_parent, _args, { repos }) {
      const country = await repos.country!.findByKeyOrThrow('FR')
      await hold?.()
      return country
    },
  }
  return { City, Country, Query }
}

function yoga(options: GraphqlOptions, context: () => Context) {
  const { repos, renamed = noEvents } = options
  const Subscription = {
    renamed: {
      subscribe: renamed,
      resolve(code: string, _args: unknown, each: Context) {
        each.repos = repos.$forRequest()
        return each.repos.country!.findByKeyOrThrow(code)
      },
    },
  }
  const schema = createSchema({ typeDefs, resolvers: { ...resolversWith(options), Subscription } })
  return createYoga({ schema, context, logging: false, maskedErrors: false })
}

async function* noEvents(): AsyncGenerator<string> {}

async function listening(server: Server): Promise<FrameworkServer> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return running(server)
}

type Start = (options: GraphqlOptions) => Promise<FrameworkServer>

/** By server one with a scope of each request in its context; the path is `/graphql`. */
export const withContext: Readonly<Record<string, Start>> = {
  'GraphQL Yoga': (options) =>
    listening(createServer(yoga(options, () => ({ repos: options.repos.$forRequest() })))),

  async 'Apollo Server'(options) {
    const { repos } = options
    const apollo = new ApolloServer<Context>({ typeDefs, resolvers: resolversWith(options) as never })
    const { url } = await startStandaloneServer(apollo, {
      context: async () => ({ repos: repos.$forRequest() }),
      listen: { host: '127.0.0.1', port: 0 },
    })
    const { port, origin } = new URL(url)
    return closedAfterFile({
      port: Number(port),
      url: origin,
      [Symbol.asyncDispose]: () => apollo.stop(),
    })
  },

  async Mercurius(options) {
    const { repos } = options
    const app = fastify({ forceCloseConnections: true })
    app.register(mercurius, {
      schema: typeDefs,
      resolvers: resolversWith(options) as never,
      context: () => ({ repos: repos.$forRequest() }),
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    return running(app.server, () => app.close())
  },
}

/** By server one whose resolvers use the process's own repositories, behind a framework that opens scopes. */
export const withFramework: Readonly<Record<string, Start>> = {
  async 'GraphQL Yoga in Express'(options) {
    const app = express()
    app.use(forExpress(options.repos))
    app.use(
      '/graphql',
      yoga(options, () => ({ repos: options.repos })),
    )
    return listening(createServer(app))
  },

  async 'Mercurius in Fastify'(options) {
    const { repos } = options
    const app = fastify({ forceCloseConnections: true })
    app.register(forFastify, { repos })
    app.register(mercurius, {
      schema: typeDefs,
      resolvers: resolversWith(options) as never,
      context: () => ({ repos }),
    })
    await app.listen({ host: '127.0.0.1', port: 0 })
    return running(app.server, () => app.close())
  },
}
