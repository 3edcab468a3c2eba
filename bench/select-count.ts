import { createConnection } from 'mysql2/promise'

/** Counts the SELECTs that anybody sends to the server, in either protocol; its own are none. */
export interface SelectCount {
  read(): Promise<number>
  close(): Promise<void>
}

export async function openSelectCount(url: string): Promise<SelectCount> {
  const connection = await createConnection(url)
  return {
    async read() {
      const [rows] = await connection.query("show global status like 'Com_select'")
      return Number((rows as { Value: string }[])[0]!.Value)
    },
    close: () => connection.end(),
  }
}
