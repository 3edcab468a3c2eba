import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { text as textOfStream } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import type { StoreMessage } from '../../src/index.ts'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import { namespaceAt } from '../support/store/namespace-at.ts'
import { storeFolder } from '../support/store/stored-lookups.ts'

const PLACE = namespaceAt('a')
const ENTRY = { key: 'r:1', value: Buffer.from('one') }

describe('the folder of an lmdb store', () => {
  it('and its files are for the user alone', async () => {
    await using folder = await storeFolder()
    const store = folder.open()
    await store.write(PLACE, [ENTRY])
    await store.machine!.put('poll', 'x')
    await store.claim!(PLACE, 'batch', 1_000)
    const found = filesIn(folder.path)
    assert.ok(found.length >= 5)
    for (const { path, isFolder, mode } of found) assert.equal(mode, isFolder ? 0o700 : 0o600, path)
    assert.equal(lstatSync(folder.path).mode & 0o777, 0o700)
  })

  it('is refused if others may write to it', async () => {
    await using folder = await storeFolder()
    mkdirSync(folder.path)
    for (const mode of [0o777, 0o770, 0o702]) {
      chmodSync(folder.path, mode)
      assert.throws(() => lmdbStore({ path: folder.path }), {
        code: 'KYSELY_LOOKUP_CONFIGURATION',
        message: /may be written to by others .* mode 700/s,
      })
    }
    chmodSync(folder.path, 0o755)
    const store = folder.open()
    await store.write(PLACE, [ENTRY])
    assert.equal(await textOf(store), 'one')
  })

  it('may be one that cannot be made: the store answers nothing', async () => {
    await using folder = await storeFolder()
    writeFileSync(folder.path, 'a file')
    const { store, messages } = await heard(async () => {
      const store = folder.open()
      await store.ready()
      return store
    })
    assert.deepEqual(
      messages.map(({ state }) => state),
      ['unavailable'],
    )
    await store.write(PLACE, [ENTRY])
    assert.equal(await textOf(store), undefined)
    assert.equal(store.readNow!(PLACE, 'r:1'), undefined)
    assert.equal(await store.claim!(PLACE, 'batch', 1_000), true)
    await store.forget()
  })

  it('takes no options that cannot work', () => {
    for (const options of [
      {},
      { path: '' },
      { path: 'x', maxBytes: 5 },
      { path: 'x', maxAge: 0 },
      { path: 'x', size: 1 },
    ]) {
      assert.throws(() => lmdbStore(options as never), { code: 'KYSELY_LOOKUP_CONFIGURATION' })
    }
  })
})

describe('the file of an lmdb store', () => {
  const damages: Readonly<Record<string, (file: string) => void>> = {
    'is no such file': (file) => writeFileSync(file, 'something else'.repeat(1_000)),
    'was cut to a part': (file) => truncateSync(file, 4096 * 3),
    'was cut to a piece of a page': (file) => truncateSync(file, 1_000),
    'is full of zeros': (file) => writeFileSync(file, Buffer.alloc(readFileSync(file).length)),
    'has other pages behind its first two': (file) => {
      const bytes = readFileSync(file)
      bytes.fill(0xa5, 8_192)
      writeFileSync(file, bytes)
    },
    'has no locks': (file) => rmSync(`${file}-lock`),
  }

  for (const [name, damage] of Object.entries(damages)) {
    it(`is replaced if it ${name}`, async () => {
      await using folder = await storeFolder()
      const before = folder.open()
      const many = Array.from({ length: 900 }, (_, index) => ({
        key: `r:${index}`,
        value: Buffer.alloc(300, index),
      }))
      await before.write(PLACE, many)
      await before.close()
      damage(dataFile(folder.path))
      const { store, messages } = await heard(async () => {
        const store = folder.open()
        await store.ready()
        return store
      })
      assert.ok(['renewed', 'open'].includes(messages[0]!.state), JSON.stringify(messages))
      assert.equal(messages.length, 1)
      await store.write(PLACE, [ENTRY])
      assert.equal(await textOf(store), 'one')
    })
  }

  it('is replaced if it is deleted while it is open, for all who have it open', async () => {
    await using folder = await storeFolder()
    const [one, other] = [folder.open(), folder.open()]
    await one.write(PLACE, [ENTRY])
    assert.equal(await textOf(other), 'one')
    const { messages } = await heard(async () => {
      const renewed = nextMessage(2)
      rmSync(folder.path, { recursive: true })
      await renewed
      return one
    })
    assert.ok(messages.every(({ state }) => state === 'open'))
    assert.equal(await textOf(one), undefined)
    await one.write(PLACE, [ENTRY])
    assert.equal(await textOf(other), 'one')
  })

  it('is replaced if its locks were destroyed, for all who have it open', async () => {
    await using folder = await storeFolder()
    const one = folder.open()
    await one.write(PLACE, [ENTRY])
    // By another process: closing the locks would end those of this one.
    const file = JSON.stringify(`${dataFile(folder.path)}-lock`)
    const program = `const { openSync, writeSync } = require('node:fs'); writeSync(openSync(${file}, 'r+'), Buffer.alloc(40, 0xff), 0, 40, 64)`
    await once(spawn(process.execPath, ['-e', program]), 'exit')
    const { messages } = await heard(async () => {
      const renewed = nextMessage(2)
      const other = folder.open()
      await renewed
      await other.write(PLACE, [ENTRY])
      return other
    })
    assert.deepEqual(messages.map(({ state }) => state).sort(), ['open', 'renewed'])
    assert.equal(await textOf(one), 'one')
  })

  it('says nothing if it was closed before it was open', async () => {
    await using folder = await storeFolder()
    const { messages } = await heard(async () => {
      const store = folder.open()
      await store.close()
      return store
    })
    assert.deepEqual(messages, [])
  })

  it('is done without where no more files can be opened', async () => {
    await using folder = await storeFolder()
    const store = JSON.stringify(import.meta.resolve('../../src/store/lmdb/index.ts'))
    const program = `
      const { lmdbStore } = await import(${store})
      const { openSync, closeSync } = await import('node:fs')
      const { subscribe } = await import('node:diagnostics_channel')
      subscribe('kysely-lookup:store', ({ state }) => console.log(state))
      const opened = []
      try { for (;;) opened.push(openSync('/dev/null')) } catch {}
      for (const one of opened.splice(0, Number(process.argv[1]))) closeSync(one)
      const store = lmdbStore({ path: ${JSON.stringify(folder.path)} })
      await store.ready()
      await store.close()`
    const states = new Set<string>()
    for (let free = 0; free < 24; free++) {
      const limited = [
        '-c',
        'ulimit -n 80; exec "$@"',
        '-',
        process.execPath,
        '--input-type=module',
        '-e',
        program,
      ]
      const child = spawn('bash', [...limited, String(free)], { stdio: ['ignore', 'pipe', 'inherit'] })
      const [said, [code]] = await Promise.all([textOfStream(child.stdout), once(child, 'exit')])
      assert.equal(code, 0, `${free} free: ${said}`)
      states.add(said.trim())
    }
    assert.deepEqual([...states], ['unavailable', 'open'])
  })

  it('is left alone while a process is stopped that holds it', async () => {
    await using folder = await storeFolder()
    const first = folder.open()
    await first.write(PLACE, [ENTRY])
    await first.close()
    const holder = await holdWriteLock(dataFile(folder.path))
    try {
      const { store, messages } = await heard(async () => {
        const store = folder.open()
        // Nobody waits until that is known.
        assert.equal(await textOf(store), undefined)
        await store.write(PLACE, [ENTRY])
        const isKnown = Promise.race([store.ready().then(() => true), Promise.resolve(false)])
        assert.equal(await isKnown, false)
        await store.ready()
        return store
      })
      assert.deepEqual(
        messages.map(({ state, problem }) => [state, problem]),
        [['unavailable', 'a process is stopped while it writes to the file']],
      )
      assert.equal(await textOf(store), undefined)
      await store.close()
    } finally {
      holder.kill('SIGKILL')
    }
    await once(holder, 'exit')
    // A killed process holds nobody up.
    const store = folder.open()
    await store.ready()
    assert.equal(await textOf(store), 'one')
  })

  it('stays within its limit, and forgets what was used longest ago', async () => {
    await using folder = await storeFolder()
    const maxBytes = 2 * 1024 ** 2
    const store = folder.open({ maxBytes })
    await store.ready()
    const digits = ['1', '2', '3', '4', '5', '6', '7', '8']
    for (const digit of digits) {
      for (let chunk = 0; chunk < 4; chunk++) {
        const entries = Array.from({ length: 250 }, (_, index) => ({
          key: `r:${chunk}-${index}`,
          value: Buffer.alloc(500, digit),
        }))
        await store.write(namespaceAt(digit), entries)
      }
    }
    assert.equal((await store.read(namespaceAt('8'), ['r:3-7']))[0]?.length, 500)
    assert.equal((await store.read(namespaceAt('1'), ['r:3-7']))[0], undefined)
    assert.ok(lstatSync(dataFile(folder.path)).size <= maxBytes)
  })

  it('takes nothing more when one version fills it, and is read on', async () => {
    await using folder = await storeFolder()
    const store = folder.open({ maxBytes: 1024 ** 2 })
    await store.ready()
    const { messages } = await heard(async () => {
      for (let index = 0; index < 40; index++) {
        await store.write(PLACE, [{ key: `r:${index}`, value: Buffer.alloc(100_000, 1) }])
      }
      return store
    })
    assert.deepEqual(
      messages.map(({ state }) => state),
      ['full'],
    )
    assert.equal((await store.read(PLACE, ['r:0']))[0]?.length, 100_000)
    assert.equal((await store.read(PLACE, ['r:39']))[0], undefined)
  })
})

async function textOf(store: ReturnType<typeof lmdbStore>): Promise<string | undefined> {
  const [value] = await store.read(PLACE, ['r:1'])
  return value && Buffer.from(value).toString()
}

async function heard<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly store: Result; readonly messages: StoreMessage[] }> {
  const messages: StoreMessage[] = []
  const listen = (message: unknown) => messages.push(message as StoreMessage)
  subscribe('kysely-lookup:store', listen)
  try {
    return { store: await work(), messages }
  } finally {
    unsubscribe('kysely-lookup:store', listen)
  }
}

function nextMessage(count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count
    subscribe('kysely-lookup:store', function listen() {
      if (--left > 0) return
      unsubscribe('kysely-lookup:store', listen)
      resolve()
    })
  })
}

function dataFile(folder: string): string {
  return join(folder, readFileSync(join(folder, 'current'), 'utf8'))
}

function filesIn(folder: string) {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name)
    return { path, isFolder: entry.isDirectory(), mode: lstatSync(path).mode & 0o777 }
  })
}

/** A process that is stopped inside of a write, as one that uses the store. */
async function holdWriteLock(file: string): Promise<ChildProcess> {
  assert.ok(existsSync(file))
  const library = import.meta.resolve('lmdb')
  const gate = import.meta.resolve('../../src/store/lmdb/gate.ts')
  const program = `
    const { open } = await import(${JSON.stringify(library)})
    const { createGate } = await import(${JSON.stringify(gate)})
    await createGate(${JSON.stringify(`${file}-gate`)}).enter()
    const db = open({ path: ${JSON.stringify(file)}, noSubdir: true, maxDbs: 1, maxReaders: 2048, encoding: 'binary', keyEncoding: 'binary' })
    db.transactionSync(() => {
      process._rawDebug('held')
      process.kill(process.pid, 'SIGSTOP')
    })
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'ignore', 'pipe'],
    cwd: new URL('.', pathToFileURL(`${process.cwd()}/`)),
  })
  for await (const said of child.stderr!) {
    if (String(said).includes('held')) return child
  }
  throw new Error('the process has ended')
}
