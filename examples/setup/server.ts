import { createConnection } from 'mysql2/promise'
import { startEmbeddedServer } from '../../test/support/embedded-server.ts'

/** A database to work in; disposing of it stops the server if it is a throwaway one. */
export interface Server extends AsyncDisposable {
  readonly databaseUrl: string
  /** Such as `MariaDB 10.11.19 in a temporary folder`. */
  readonly description: string
}

const DATABASE = 'shipping'

/** The database of `DATABASE_URL`, or else one on a throwaway server. */
export async function openServer(): Promise<Server> {
  const given = process.env.DATABASE_URL
  return given ? givenDatabase(given) : throwawayDatabase()
}

async function givenDatabase(databaseUrl: string): Promise<Server> {
  // The URL stays out of messages, because it may contain a password.
  if (!URL.canParse(databaseUrl) || !/^(mysql|mariadb):\/\/[^/]+\/[^/?]+/.test(databaseUrl)) {
    throw new Error(
      'DATABASE_URL is not a mysql://user:password@host:3306/database URL. Unset it to use a throwaway server.',
    )
  }
  const { host, pathname } = new URL(databaseUrl)
  const connection = await createConnection(databaseUrl)
  const [rows] = await connection.query('select version() as version')
  await connection.end()
  const version = String((rows as { version: string }[])[0]?.version)
  return {
    databaseUrl,
    description: `${serverName(version)} at ${host}, database ${decodeURIComponent(pathname.slice(1))} (DATABASE_URL)`,
    async [Symbol.asyncDispose]() {},
  }
}

async function throwawayDatabase(): Promise<Server> {
  const server = await startEmbeddedServer({ log: (line) => console.log(`  ${line}`) })
  const connection = await createConnection(server.url)
  await connection.query(`create database ${DATABASE} character set utf8mb4`)
  await connection.end()
  return {
    databaseUrl: new URL(DATABASE, server.url).href,
    description: `${server.system === 'mariadb' ? 'MariaDB' : 'MySQL'} ${server.version}, a throwaway server`,
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

function serverName(version: string): string {
  const number = /^[\d.]+/.exec(version)?.[0] ?? version
  return `${/mariadb/i.test(version) ? 'MariaDB' : 'MySQL'} ${number}`
}
