/** A lookup of one row over a pool, and over a connection that is made for it, by TCP and by the server's socket file. */
import { existsSync } from 'node:fs'
import { type ConnectionOptions, createConnection, createPool } from 'mysql2/promise'
import { type BenchContext, onEachServer } from '../context.ts'
import { type Figure, inProcessFigures } from '../figure.ts'
import { compareInterleaved } from '../interleaved.ts'
import type { BenchServer } from '../servers.ts'

const LOOKUP = 'select id, name from connected where id = ?'
const ROWS = 1_000

export const connections = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

async function measureOn(server: BenchServer, quick: boolean): Promise<Figure[]> {
  const pool = createPool(server.url)
  await pool.query('create table connected (id int not null primary key, name varchar(40) not null)')
  await pool.query('insert into connected values ?', [
    Array.from({ length: ROWS }, (_, id) => [id, `name of ${id}`]),
  ])
  const [[row]] = (await pool.query('select @@socket as socket')) as unknown as [[{ socket: string }]]
  const { hostname, port, username, password, pathname } = new URL(server.url)
  const common: ConnectionOptions = {
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  }
  const tcp: ConnectionOptions = { ...common, host: hostname, port: Number(port) }
  const ways: Record<string, ConnectionOptions> = { TCP: tcp }
  // A server of another machine has its socket there.
  if (existsSync(row.socket)) ways['socket file'] = { ...common, socketPath: row.socket }
  const pools = Object.entries(ways).map(([name, options]) => [name, createPool(options)] as const)
  let asked = 0
  const key = () => [(asked++ * 7) % ROWS]
  const sides: Record<string, () => Promise<unknown>> = {}
  for (const [name, own] of pools) sides[`pool, ${name}`] = () => own.query(LOOKUP, key())
  for (const [name, options] of Object.entries(ways)) {
    sides[`a connection per query, ${name}`] = async () => {
      const connection = await createConnection(options)
      try {
        return await connection.query(LOOKUP, key())
      } finally {
        await connection.end()
      }
    }
  }
  const comparison = await compareInterleaved(sides, { rounds: quick ? 40 : 400, warmup: 20 })
  for (const [, own] of pools) await own.end()
  await pool.end()
  return inProcessFigures({ case: 'connections', server: server.name, what: '1 row', unit: 'µs' }, comparison)
}
