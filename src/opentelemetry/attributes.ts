import type { Attributes } from '@opentelemetry/api'
import { errorNumber } from '../database/server-errors.ts'
import type { DatabaseIdentity, ReadSubject } from '../diagnostics/channels.ts'
import { LookupError } from '../errors.ts'

/**
 * What both spans and measurements of a read say, by the stable database conventions
 * (https://opentelemetry.io/docs/specs/semconv/db/). One statement that takes many keys is one operation to them and no
 * batch operation, so that there is no `db.operation.batch.size`.
 */
export function readAttributes({ table, database }: ReadSubject): Attributes {
  return {
    ...databaseAttributes(database),
    'db.collection.name': table,
    'db.operation.name': 'SELECT',
  }
}

/** Until a server has answered nobody knows which it is: then it is what the driver is made for. */
export function databaseAttributes({ system = 'mysql', name, address, port }: DatabaseIdentity): Attributes {
  return {
    'db.system.name': system,
    'db.namespace': name,
    'server.address': address,
    'server.port': port,
  }
}

/** A server's own number for an error says most; else it is the code that this library or Node gives it. */
export function errorAttributes(error: unknown): Attributes {
  const number = numberBehind(error)
  if (number !== undefined) return { 'error.type': number, 'db.response.status_code': number }
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  const type = [code, name].find((one) => typeof one === 'string' && one !== '')
  return { 'error.type': (type as string | undefined) ?? '_OTHER' }
}

/** Only this library's own messages are known to hold no values. */
export function errorMessage(error: unknown): string | undefined {
  return error instanceof LookupError ? error.message : undefined
}

function numberBehind(error: unknown): string | undefined {
  const number = errorNumber(error)
  if (number !== undefined) return String(number)
  return error instanceof Error ? numberBehind(error.cause) : undefined
}
