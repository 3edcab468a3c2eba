import { type Kysely, sql } from 'kysely'
import { type Connection, createConnection } from 'mysql2/promise'
import type { AnyRepositories, AnyTransaction } from '../support/lookups.ts'
import type { Random } from '../support/random.ts'
import { codeOf, groupOf, type ItemDB, itemOf } from './table.ts'

export interface Change {
  readonly key: number
  /** 0 to delete. */
  readonly value: number
  readonly kind: 'insert' | 'update' | 'delete'
}

export type Ending = 'commit' | 'rollback' | 'die'

/** What makes changes within a transaction. */
export interface Hand {
  apply(change: Change): Promise<void>
  run(statement: string): Promise<void>
  /** Loses its connection. */
  die?(): Promise<void>
}

export interface Together {
  work(hand: Hand): Promise<void>
  readonly ending: Ending
  /** Told before COMMIT is sent. */
  committing(): void
}

/** A way to write: all of them end the same, and the database has to notice each of them. */
export interface Channel {
  /** Whether what it commits is at once what its process reads. */
  readonly own: boolean
  /** By a statement that commits itself. */
  alone(change: Change): Promise<void>
  /** In a transaction; rejects where it was to be committed and may not have been. */
  together(transaction: Together): Promise<void>
  close(): Promise<void>
}

class Abandoned extends Error {}

export function repositoryChannel(options: {
  readonly repos: AnyRepositories
  readonly db: Kysely<ItemDB>
  readonly random: Random
  complain(what: string): void
}): Channel {
  const { repos, db, random, complain } = options

  function handOf(trx: AnyTransaction): Hand {
    const plain = kyselyHand(trx.$db as unknown as Kysely<ItemDB>, db)
    return {
      ...plain,
      async apply(change) {
        if (random.is(0.5)) await plain.apply(change)
        else await applyTo(trx, change)
        // What plain queries change the transaction's repositories are not told.
        trx.item!.clear()
        const value = Number((await trx.item!.findByKey(change.key))?.value ?? 0)
        if (value !== change.value) complain(`a transaction wrote ${change.value} and read ${value}`)
      },
    }
  }

  return {
    own: true,
    alone: (change) => applyTo(repos, change),
    together: (transaction) =>
      ended(transaction, (finish) =>
        repos.$transaction(async (trx) => {
          await transaction.work(handOf(trx))
          await finish(handOf(trx))
        }),
      ),
    close: async () => {},
  }
}

async function applyTo(repos: AnyRepositories | AnyTransaction, change: Change): Promise<void> {
  const { key, value, kind } = change
  if (kind === 'insert') await repos.item!.insert(itemOf(key, value))
  else if (kind === 'update') await repos.item!.update(key, { value })
  else await repos.item!.delete({ code: codeOf(key) })
}

export function kyselyChannel(db: Kysely<ItemDB>): Channel {
  return {
    own: false,
    alone: (change) => kyselyHand(db).apply(change),
    together: (transaction) =>
      ended(transaction, (finish) =>
        db.transaction().execute(async (trx) => {
          await transaction.work(kyselyHand(trx, db))
          await finish(kyselyHand(trx, db))
        }),
      ),
    close: async () => {},
  }
}

/** Galera commits what a connection has begun that kills itself: another one of the pool does it. */
function kyselyHand(db: Kysely<ItemDB>, pool = db): Hand {
  return {
    async apply({ key, value, kind }) {
      if (kind === 'insert')
        await db
          .insertInto('item')
          .values({ ...itemOf(key, value) })
          .execute()
      else if (kind === 'update') await db.updateTable('item').set({ value }).where('id', '=', key).execute()
      else await db.deleteFrom('item').where('id', '=', key).execute()
    },
    async run(statement) {
      await sql.raw(statement).execute(db)
    },
    async die() {
      const { rows } = await sql<{ id: number }>`select connection_id() id`.execute(db)
      await sql`kill ${sql.lit(Number(rows[0]!.id))}`.execute(pool)
      throw new Abandoned()
    },
  }
}

/** A transaction of Kysely's ends by what its function does: it returns, throws, or ends its own connection. */
async function ended(
  { ending, committing }: Together,
  run: (finish: (hand: Hand) => Promise<void>) => Promise<unknown>,
): Promise<void> {
  try {
    await run(async (hand) => {
      if (ending === 'rollback') throw new Abandoned()
      if (ending === 'die') await hand.die?.()
      else committing()
    })
  } catch (error) {
    if (ending === 'commit') throw error
  }
}

/** Bare SQL, as by a client that knows no library. */
export function shellChannel(url: string): Channel {
  let connection: Connection | undefined

  async function run(statement: string): Promise<void> {
    if (!connection) {
      connection = await createConnection(url)
      connection.on('error', () => {})
    }
    try {
      await connection.query(statement)
    } catch (error) {
      // It may be gone, or inside a transaction.
      destroy()
      throw error
    }
  }

  function destroy(): void {
    connection?.destroy()
    connection = undefined
  }

  const hand: Hand = { run, apply: (change) => run(textOf(change)) }

  return {
    own: false,
    alone: hand.apply,
    async together({ work, ending, committing }) {
      try {
        await run('start transaction')
        await work(hand)
        if (ending === 'die') return destroy()
        if (ending === 'rollback') return await run('rollback')
        committing()
        await run('commit')
      } catch (error) {
        if (ending === 'commit') throw error
      }
    },
    close: async () => destroy(),
  }
}

function textOf({ key, value, kind }: Change): string {
  if (kind === 'insert')
    return `insert into item values (${key}, '${codeOf(key)}', ${groupOf(key)}, ${value})`
  if (kind === 'update') return `update item set value = ${value} where id = ${key}`
  return `delete from item where id = ${key}`
}
