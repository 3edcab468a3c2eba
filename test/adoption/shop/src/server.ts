import fastify from 'fastify'
import { latestPurchases } from './purchases.ts'

export const server = fastify()

server.get('/purchases', () => latestPurchases())
