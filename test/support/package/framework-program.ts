/** A user's program: a server of each framework, with requests as its users would send them. Prints the outcome. */
export const FRAMEWORK_PROGRAM = `
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { createDatabase, createRepositories } from 'kysely-lookup'
import { requestScope as expressScope } from 'kysely-lookup/express'
import { requestScope as fastifyScope } from 'kysely-lookup/fastify'
import { requestScope as honoScope } from 'kysely-lookup/hono'
import { type DB, tables } from './schema.ts'

const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })
const repos = createRepositories({ db, tables })
await repos.$ready()

let reached = Promise.withResolvers<void>()

async function answer(path: string): Promise<string> {
  const country = await repos.country.findByKeyOrThrow('FR')
  const again = await repos.country.findByKeyOrThrow({ alpha3: 'FRA' })
  if (path === '/fail') throw new Error('mine')
  if (path === '/hang') {
    reached.resolve()
    await new Promise(() => {})
  }
  return country.name + ' ' + (country === again)
}

async function noScopes(): Promise<void> {
  while (repos.$stats().country.scopes > 0) await new Promise((resolve) => setTimeout(resolve, 5))
}

async function listening(server: Server): Promise<Server> {
  if (!server.listening) await once(server, 'listening')
  return server
}

const fastifyApp = fastify({ logger: { level: 'silent' } })
await fastifyApp.register(fastifyScope, { repos })
fastifyApp.get('/*', (request) => answer(request.url))
await fastifyApp.listen({ host: '127.0.0.1', port: 0 })

const expressApp = express().set('env', 'test')
expressApp.use(expressScope(repos))
expressApp.use(async (request, response) => void response.send(await answer(request.path)))

const honoApp = new Hono<{ Bindings: { SECRET: string } }>()
honoApp.use(honoScope(repos))
honoApp.onError((_error, context) => context.text('failed', 500))
honoApp.get('/*', async (context) => context.text(await answer(context.req.path)))

const servers = {
  fastify: fastifyApp.server,
  express: await listening(expressApp.listen(0, '127.0.0.1')),
  hono: await listening(serve({ fetch: honoApp.fetch, hostname: '127.0.0.1', port: 0 }) as Server),
}

const results: Record<string, unknown> = {}
for (const [name, server] of Object.entries(servers)) {
  const url = 'http://127.0.0.1:' + (server.address() as AddressInfo).port
  const sent = () => repos.$stats().country.statements
  const before = sent()
  const text = await (await fetch(url + '/answer')).text()
  const statements = sent() - before
  const { status } = await fetch(url + '/fail')
  await noScopes()
  reached = Promise.withResolvers<void>()
  const leaving = new AbortController()
  const left = fetch(url + '/hang', { signal: leaving.signal }).catch((error: Error) => error.name)
  await reached.promise
  const open = repos.$stats().country.scopes
  leaving.abort()
  const reason = await left
  await noScopes()
  results[name] = { text, statements, status, open, reason }
}
console.log(JSON.stringify(results))
process.exit()
`
