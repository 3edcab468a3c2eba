import { ER_NET_PACKET_TOO_LARGE, errorNumber } from '../database/server-errors.ts'
import type { Server } from '../database/server-features.ts'
import { statement } from '../database/statement.ts'
import { LookupError } from '../errors.ts'
import type { Key } from '../keys/key.ts'
import type { StatementListener } from './batch-trace.ts'

export type Send<Answer> = (
  keys: readonly Key[],
  sending: StatementListener | undefined,
) => Promise<readonly (Answer | Error)[]>

/** Keeps statements below the server's `max_allowed_packet`, also where that is lowered after it was read. */
export interface StatementSize {
  /** Bytes of keys that fit into one statement. */
  readonly bytes: number
  /** What the server said when it was connected to. */
  learn(server: Server): void
  /** Sends keys that could not be sent together in several statements, where they were too large for one. */
  sendInParts<Answer>(failed: FailedSend<Answer>): Promise<readonly (Answer | Error)[]>
}

export interface FailedSend<Answer> {
  readonly send: Send<Answer>
  readonly keys: readonly Key[]
  readonly sending: StatementListener | undefined
  readonly error: unknown
}

/** Bytes of keys in one statement until the server's limit is known: less than any server's default. */
const CAUTIOUS_BYTES = 512 * 1024
/** What a statement holds besides the keys. */
const STATEMENT_BYTES = 64 * 1024

const READ_LIMIT = statement('select least(@@global.max_allowed_packet, @@max_allowed_packet)')

/** @see StatementSize */
export function createStatementSize(): StatementSize {
  let server: Server | undefined

  const limitBytes = (maxPacket: number) => {
    size.bytes = Math.max(1, maxPacket - STATEMENT_BYTES)
  }

  const fits = (keys: readonly Key[]) => keys.reduce((sum, key) => sum + bytesOf(key), 0) <= size.bytes

  async function isTooLarge(error: unknown, keys: readonly Key[]): Promise<boolean> {
    if (errorNumber(error) === ER_NET_PACKET_TOO_LARGE) {
      size.bytes = Math.max(1, Math.floor(size.bytes / 2))
      return true
    }
    // The server closes the connection of a packet that is too large, often before its error could be read.
    const lost = error instanceof LookupError && error.code === 'KYSELY_LOOKUP_CONNECTION_LOST'
    if (!lost || !server) return false
    try {
      const [row] = await server.execute(READ_LIMIT, [])
      limitBytes(Number(row![0]))
    } catch {
      return false
    }
    return !fits(keys)
  }

  async function sendPart<Answer>(part: Omit<FailedSend<Answer>, 'error'>) {
    if (part.keys.length > 1 && !fits(part.keys)) return sendHalves(part)
    try {
      return await part.send(part.keys, part.sending)
    } catch (error) {
      return size.sendInParts({ ...part, error })
    }
  }

  async function sendHalves<Answer>(
    part: Omit<FailedSend<Answer>, 'error'>,
  ): Promise<readonly (Answer | Error)[]> {
    const half = Math.ceil(part.keys.length / 2)
    const first = await sendPart({ ...part, keys: part.keys.slice(0, half) })
    return [...first, ...(await sendPart({ ...part, keys: part.keys.slice(half) }))]
  }

  const size = {
    bytes: CAUTIOUS_BYTES,
    learn(connected: Server) {
      server = connected
      limitBytes(connected.maxPacket)
    },
    async sendInParts<Answer>({ error, ...part }: FailedSend<Answer>) {
      if (part.keys.length === 1 || !(await isTooLarge(error, part.keys))) throw error
      return sendHalves(part)
    },
  }
  return size
}

/** As batches count them. */
function bytesOf({ json }: Key): number {
  return json.length * 3 + 1
}
