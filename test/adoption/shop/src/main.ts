import { db } from './db.ts'
import { server } from './server.ts'

server.addHook('onClose', () => db.destroy())

console.log(await server.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }))

process.once('SIGTERM', () => server.close())
