import { db, repos } from './db.ts'
import { createService } from './service.ts'

await repos.$ready()
const service = createService()
const url = await service.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) })
console.log(`listening on ${url}`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    await service.close()
    await repos.$close()
    await db.destroy()
  })
}
