import { parseArgs } from 'node:util'

/** The address that a program listens on. */
export interface ListenOptions {
  readonly host: string
  /** 0 means any free port. */
  readonly port: number
}

/**
 * `--host` and `--port`, or the variable PORT. Without a host, only this machine can connect.
 * @throws Error in one line for anything else.
 */
export function listenOptions(args: readonly string[]): ListenOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { host: { type: 'string', default: '127.0.0.1' }, port: { type: 'string' } },
  })
  const text = values.port ?? process.env.PORT ?? '0'
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new Error(`--port: expected a number from 0 to 65535, got ${text}`)
  }
  return { host: values.host, port }
}
