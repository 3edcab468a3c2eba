/** One way to read rows that are held already, measured in a process of its own: prints nanoseconds per read. */
import { createDatabase, createRepositories, type Repository } from '../src/index.ts'
import { readSchema } from '../src/schema.ts'

const [variant = '', url = ''] = process.argv.slice(2)
const HOT = 1_000
const READS = 1_000_000

type AnyDB = Record<string, Record<string, unknown>>

const db = createDatabase<AnyDB>({ uri: url })
const table = (await readSchema(db)).tables.find(({ metadata }) => metadata.name === 'hot')!.metadata
const mode = variant.startsWith('versioned') ? 'versioned' : 'immutable'
const repos = createRepositories({ db, tables: { hot: table }, cache: { hot: mode } })
const repository = repos.$table('hot') as unknown as Repository<object, number, unknown>
const keys = Array.from({ length: HOT }, (_, index) => index + 1)
const rows = await repository.findByKeys(keys)
const map = new Map(keys.map((key, index) => [key, Promise.resolve(rows[index])]))
const plain = new Map(keys.map((key, index) => [key, rows[index]]))

const variants: Record<string, () => Promise<number>> = {
  'await map.get': () => measure((key) => map.get(key)!),
  'immutable findByKey': () => measure((key) => repository.findByKey(key)),
  'versioned findByKey': () => measure((key) => repository.findByKey(key)),
  'versioned findByKey in a scope': () => repos.$request(() => measure((key) => repository.findByKey(key))),
  'map.get': async () => measureSync((key) => plain.get(key)),
  'immutable peek': async () => measureSync((key) => repository.peek(key)),
}

const run = variants[variant]
if (!run) throw new Error(`the variants are ${Object.keys(variants).join(', ')}, not ${variant}`)
await run()
console.log(await run())
await repos.$close()
await db.destroy()

async function measure(read: (key: number) => Promise<unknown>): Promise<number> {
  let found = 0
  const start = process.hrtime.bigint()
  for (let index = 0; index < READS; index++) if (await read((index % HOT) + 1)) found++
  return perRead(start, found)
}

function measureSync(read: (key: number) => unknown): number {
  let found = 0
  const start = process.hrtime.bigint()
  for (let index = 0; index < READS; index++) if (read((index % HOT) + 1)) found++
  return perRead(start, found)
}

function perRead(start: bigint, found: number): number {
  const elapsed = Number(process.hrtime.bigint() - start)
  if (found !== READS) throw new Error(`${READS - found} reads found nothing`)
  return elapsed / READS
}
