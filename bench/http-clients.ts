/** The clients of `http-service.ts`, in a process of their own: each sends one request after the other. */
import { Agent, get } from 'node:http'

interface Load {
  readonly port: number
  readonly requests: number
  readonly concurrency: number
}

const { port, requests, concurrency }: Load = JSON.parse(process.argv[2]!)
const agent = new Agent({ keepAlive: true, maxSockets: concurrency })

process.on('message', async () => {
  let next = 0
  const start = process.hrtime.bigint()
  try {
    await Promise.all(
      Array.from({ length: concurrency }, async () => {
        while (next < requests) await send(next++)
      }),
    )
    process.send!({ seconds: Number(process.hrtime.bigint() - start) / 1e9 })
  } catch (error) {
    process.send!({ error: String(error) })
  }
})
process.on('disconnect', () => agent.destroy())

function send(index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    get({ agent, port, path: `/${index}` }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (part: string) => {
        text += part
      })
      response.on('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`${response.statusCode}: ${text}`))
      })
    }).on('error', reject)
  })
}
