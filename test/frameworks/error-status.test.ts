import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { describe, it } from 'node:test'
import { serve } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { errorStatus, requestScope as forExpress } from '../../src/frameworks/express.ts'
import { requestScope as forFastify } from '../../src/frameworks/fastify.ts'
import { requestScope as forHono } from '../../src/frameworks/hono.ts'
import { type FrameworkServer, running } from '../support/frameworks/servers.ts'
import { type AnyRepositories, COUNTRIES, lookups } from '../support/lookups.ts'

interface Handling {
  readonly repos: AnyRepositories
  readonly errorStatus: boolean
  /** What errors are answered with by a handler of the service's own; by the framework where there is none. */
  readonly onError?: (message: string) => { readonly own: string }
  /** Answers, or fails. */
  answer(path: string): Promise<object>
}

type Start = (handling: Handling) => Promise<FrameworkServer>

const servers: Readonly<Record<string, Start>> = {
  async Fastify({ repos, errorStatus, onError, answer }) {
    const app = fastify()
    app.register(forFastify, { repos, errorStatus })
    if (onError)
      app.setErrorHandler<Error>((error, _request, reply) => {
        const { statusCode = 500 } = error as { readonly statusCode?: number }
        return reply.code(statusCode).send(onError(error.message))
      })
    app.get('/*', ({ url }) => answer(url))
    await app.listen({ host: '127.0.0.1', port: 0 })
    return running(app.server, () => app.close())
  },

  async Express({ repos, errorStatus: on, onError, answer }) {
    const app = express().set('env', 'test')
    app.use(forExpress(repos))
    app.use(async (request, response) => void response.json(await answer(request.path)))
    if (on) app.use(errorStatus())
    if (onError) {
      app.use(((error, _request, response, _next) => {
        response.status(error.statusCode ?? 500).json(onError(error.message))
      }) satisfies express.ErrorRequestHandler)
    }
    const server = app.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return running(server)
  },

  async Hono({ repos, errorStatus, onError, answer }) {
    const app = new Hono()
    app.use(forHono(repos, { errorStatus }))
    app.onError((error, context) =>
      // As Hono itself answers, which prints it besides.
      onError ? context.json(onError(error.message), 500) : context.text('Internal Server Error', 500),
    )
    app.get('/*', async ({ req, json }) => json(await answer(req.path)))
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
    await once(server, 'listening')
    return running(server)
  },
}

describe('the status of a request that fails for its key', async () => {
  const shared = await lookups(COUNTRIES)
  const repos = shared.repositories()
  const requests: Readonly<Record<string, () => Promise<object>>> = {
    '/found': () => repos.country!.findByKeyOrThrow('FR'),
    '/absent': () => repos.country!.findByKeyOrThrow('XX'),
    '/invalid': () => repos.country!.findByKeyOrThrow(7),
    '/other': () => Promise.reject(new Error('mine')),
    '/coded': () => Promise.reject(Object.assign(new Error('mine'), { code: 'toString' })),
  }
  const answer = (path: string) => requests[path]!()

  async function statuses(url: string): Promise<Record<string, number>> {
    const seen: Record<string, number> = {}
    for (const path of Object.keys(requests)) seen[path] = (await fetch(url + path)).status
    return seen
  }

  for (const [name, start] of Object.entries(servers)) {
    it(`is 500 in ${name}, and with errorStatus 404 or 400`, async () => {
      const without = await start({ repos, errorStatus: false, answer })
      assert.deepEqual(await statuses(without.url), {
        ...{ '/found': 200, '/absent': 500, '/invalid': 500, '/other': 500, '/coded': 500 },
      })
      const server = await start({ repos, errorStatus: true, answer })
      assert.deepEqual(await statuses(server.url), {
        ...{ '/found': 200, '/absent': 404, '/invalid': 400, '/other': 500, '/coded': 500 },
      })
      const body = await (await fetch(`${server.url}/absent`)).text()
      assert.doesNotMatch(body, /XX|Internal Server Error/)
    })

    it(`reaches an error handler of ${name}, whose body stays`, async () => {
      const onError = (message: string) => ({ own: message.replace(/:.*/s, '') })
      const server = await start({ repos, errorStatus: true, onError, answer })
      for (const [path, status, own] of [
        ['/absent', 404, 'country'],
        ['/invalid', 400, 'country'],
        ['/other', 500, 'mine'],
      ] as const) {
        const response = await fetch(server.url + path)
        assert.deepEqual([response.status, await response.json()], [status, { own }])
      }
    })
  }
})
