import type { DriverField } from '../columns/column-type.ts'

export type Callback<T extends unknown[]> = (error: unknown, ...results: T) => void

export type ResultCallback = Callback<[result: unknown, fields: unknown]>

/** The part of a mysql2 connection that is used here. */
export interface DriverConnection {
  readonly config: object
  readonly threadId: number
  readonly stream: { destroy(): void; once(event: 'close', listener: () => void): unknown }
  connect(callback?: Callback<[]>): void
  destroy(): void
  on(event: 'error', listener: (error: Error) => void): unknown
  query(sql: string | DriverStatement, parameters?: unknown, callback?: ResultCallback): DriverQuery
  execute(options: DriverStatement, callback: ResultCallback): DriverQuery
}

export interface DriverStatement {
  readonly sql: string
  readonly values: readonly unknown[]
  readonly rowsAsArray: true
}

export interface DriverQuery {
  on(event: 'fields', listener: (fields: readonly DriverField[] | undefined) => void): unknown
  on(event: 'result', listener: () => void): unknown
  stream(options: object): AsyncIterable<unknown> & { destroy(reason: Error): unknown }
}

/** The driver's own `destroy` waits for the server to close its side, which a server that is paused never does. */
export function cutConnection(connection: DriverConnection): void {
  connection.destroy()
  connection.stream.destroy()
}
