import type { Attributes } from '@opentelemetry/api'
import { errorNumber } from '../database/server-errors.ts'
import type { DatabaseIdentity, ReadSubject } from '../diagnostics/read-subject.ts'
import { LookupError } from '../errors.ts'

/**
 * The attributes of both the spans and the measurements of a read, by the stable database conventions
 * (https://opentelemetry.io/docs/specs/semconv/db/). They count one statement with many keys as one operation and not as a batch, so
 * there is no `db.operation.batch.size`.
 */
export function readAttributes({ table, database }: ReadSubject): Attributes {
  return {
    ...databaseAttributes(database),
    'db.collection.name': table,
    'db.operation.name': 'SELECT',
  }
}

/** Before a server's first answer its system is unknown; the driver's name is used then. */
export function databaseAttributes({ system = 'mysql', name, address, port }: DatabaseIdentity): Attributes {
  return {
    'db.system.name': system,
    'db.namespace': name,
    'server.address': address,
    'server.port': port,
  }
}

/** A server's own error number says most; otherwise the code from this library or Node. */
export function errorAttributes(error: unknown): Attributes {
  const number = numberBehind(error)
  if (number !== undefined) return { 'error.type': number, 'db.response.status_code': number }
  const { code, name } = (error ?? {}) as { code?: unknown; name?: unknown }
  const type = [code, name].find((one) => typeof one === 'string' && one !== '')
  return { 'error.type': (type as string | undefined) ?? '_OTHER' }
}

/** Only this library's own messages are known to contain no values. */
export function errorMessage(error: unknown): string | undefined {
  return error instanceof LookupError ? error.message : undefined
}

function numberBehind(error: unknown): string | undefined {
  const number = errorNumber(error)
  if (number !== undefined) return String(number)
  return error instanceof Error ? numberBehind(error.cause) : undefined
}
