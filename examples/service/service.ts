import fastify, { type FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { requestScope } from 'kysely-lookup/fastify'
import { db, repos } from './db.ts'
import { findShipment, shipmentsOfPage } from './shipment.ts'
import { viewOf } from './shipment-view.ts'

const pageQuery = {
  type: 'object',
  properties: { page: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 1 } },
}
const idParams = {
  type: 'object',
  properties: { id: { type: 'integer', minimum: 1, maximum: 4_294_967_295 } },
}

export function createService(): FastifyInstance {
  const service = fastify()
  service.register(requestScope, { repos })

  service.get<{ Querystring: { page: number } }>(
    '/shipments',
    { schema: { querystring: pageQuery } },
    async ({ query }) => Promise.all((await shipmentsOfPage(query.page)).map(viewOf)),
  )

  service.get<{ Params: { id: number } }>(
    '/shipments/:id',
    { schema: { params: idParams } },
    async ({ params }, reply) => {
      const shipment = await findShipment(params.id)
      return shipment
        ? viewOf(shipment)
        : reply.code(404).send({ message: `There is no shipment ${params.id}.` })
    },
  )

  service.get('/health', async () => {
    await sql`select 1`.execute(db)
    return { status: 'ok' }
  })

  return service
}
