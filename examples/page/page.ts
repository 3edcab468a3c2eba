import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { LookupPage } from 'kysely-lookup/page'
import { type BrowserFile, readBrowserFiles, readGraphiqlFiles } from './browser-files.ts'
import type { createEndpoint } from './graphql/endpoint.ts'
import { createGuard, GRAPHIQL_POLICY } from './guard.ts'
import type { Live } from './live.ts'
import type { Welcome } from './live-events.ts'
import type { RowChanger } from './row-change.ts'
import { MAX_RATE, type Traffic } from './traffic.ts'

export interface PageOptions {
  /** Where it listens. */
  readonly host: string
  /** The page of kysely-lookup/page, which this one shows a part of. */
  readonly lookups: LookupPage
  readonly live: Live
  readonly welcome: () => Welcome
  readonly traffic: Traffic
  readonly changer: RowChanger
  readonly endpoint: ReturnType<typeof createEndpoint>
}

const trafficBody = {
  type: 'object',
  required: ['running', 'rate'],
  additionalProperties: false,
  properties: { running: { type: 'boolean' }, rate: { type: 'integer', minimum: 1, maximum: MAX_RATE } },
}

/** The page that shows the service and accepts the commands of its buttons. */
export async function createPage(options: PageOptions): Promise<FastifyInstance> {
  const { host, lookups, live, welcome, traffic, changer, endpoint } = options
  const files = await readBrowserFiles()
  // Several megabytes, loaded only when GraphiQL is opened.
  let graphiql: ReturnType<typeof readGraphiqlFiles> | undefined
  const page = fastify()
  page.addHook('onRequest', createGuard({ host }))
  page.addHook('preClose', async () => live.close())

  page.get('/', (_request, reply) => send(reply, files.get('index.html')))
  page.get<{ Params: { name: string } }>('/browser/:name', ({ params }, reply) =>
    send(reply, files.get(params.name)),
  )
  page.get('/graphiql', (_request, reply) => {
    reply.header('content-security-policy', GRAPHIQL_POLICY)
    return send(reply, files.get('graphiql.html'))
  })
  page.get<{ Params: { name: string } }>('/graphiql/:name', async ({ params }, reply) => {
    graphiql ??= readGraphiqlFiles()
    reply.header('content-security-policy', GRAPHIQL_POLICY)
    return send(reply, (await graphiql).get(params.name))
  })

  page.get('/lookups/*', (request, reply) => {
    reply.hijack()
    lookups(request.raw, reply.raw)
  })
  page.get('/live', (_request, reply) => {
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) reply.raw.setHeader(name, value!)
    live.open(reply.raw, welcome())
  })
  page.post<{ Body: { running: boolean; rate: number } }>(
    '/traffic',
    { schema: { body: trafficBody } },
    async ({ body }) => {
      traffic.set(body)
      return traffic.state
    },
  )
  page.post<{ Params: { id: string } }>('/changes/:id', async ({ params }, reply) => {
    const result = await changer.change(params.id)
    if (!result) return reply.code(404).send({ message: `There is no change ${params.id}.` })
    live.send('change', result)
    return result
  })

  page.register(async (scope) => {
    // The endpoint reads bodies itself.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
    scope.post('/graphql', (request, reply) => endpoint.handleNodeRequestAndResponse(request, reply))
  })
  return page
}

function send(reply: FastifyReply, file: BrowserFile | undefined): FastifyReply {
  if (!file) return reply.code(404).send({ message: 'There is no such file.' })
  return reply.type(file.type).header('cache-control', 'no-cache').send(file.content)
}
