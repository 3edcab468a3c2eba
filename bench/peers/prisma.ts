/** Prisma: `findUnique`, which it batches by itself, and `findMany` for lists. */
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'
import { PrismaClient } from './prisma/generated/client.ts'

export async function open({ url, variant }: PeerOptions): Promise<Peer> {
  const { hostname, port, username, password, pathname } = new URL(url)
  const prisma = new PrismaClient({
    adapter: new PrismaMariaDb({
      host: hostname,
      port: Number(port),
      user: decodeURIComponent(username),
      password: decodeURIComponent(password),
      database: pathname.slice(1),
      connectionLimit: 10,
    }),
  })
  await prisma.$connect()
  const lookups: Lookups = {
    city: (id) => prisma.city.findUnique({ where: { id } }),
    cityBySlug: (slug) => prisma.city.findUnique({ where: { slug } }),
    country: (code) => prisma.country.findUnique({ where: { code } }),
  }
  return {
    lookups,
    request: (work) => work(lookups),
    cities: (ids) =>
      variant === 'findMany'
        ? prisma.city.findMany({ where: { id: { in: [...ids] } } })
        : Promise.all(ids.map((id) => lookups.city(id))),
    async restart() {},
    preload: () => prisma.city.findMany(),
    close: () => prisma.$disconnect(),
  }
}
