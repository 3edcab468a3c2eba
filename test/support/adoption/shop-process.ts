import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { closedAfterFile } from '../closing.ts'
import type { Project } from './project.ts'

/** The shop, listening. */
export interface ShopProcess extends AsyncDisposable {
  /** The body of `GET /purchases`. */
  purchases(): Promise<string>
}

export async function startShop({ folder }: Project, databaseUrl: string): Promise<ShopProcess> {
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: databaseUrl, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const url = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([line]) => String(line)),
    ended.then(([code]) => Promise.reject(new Error(`the shop ended with ${code} before it listened`))),
  ])
  return closedAfterFile({
    async purchases() {
      const response = await fetch(`${url}/purchases`)
      const body = await response.text()
      if (!response.ok) throw new Error(`GET /purchases: ${response.status} ${body}`)
      return body
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      const [code] = await ended
      if (code !== 0) throw new Error(`the shop ended with ${code}`)
    },
  })
}
