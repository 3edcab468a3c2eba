import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, beforeEach, describe, it } from 'node:test'
import { PATIENCE } from '../support/frameworks/client.ts'
import { frameworks } from '../support/frameworks/servers.ts'
import { websocketServers } from '../support/frameworks/websocket-servers.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

/** What outlives a request as people know it: a socket, a stream of events. */
describe('long-lived connections', () => {
  let data: Lookups
  let repos: AnyRepositories

  before(async () => {
    data = await lookups(COUNTRIES)
  })
  beforeEach(async () => {
    repos = data.repositories()
    await repos.$ready()
  })
  after(() => data[Symbol.asyncDispose]())

  const openScopes = () => repos.$stats().country!.scopes
  const rename = (name: string) => data.run(`update country set name = '${name}' where code = 'JP'`)

  /** Two reads of one row, and whether they were one. */
  async function readTwice(): Promise<{ name: unknown; once: boolean; open: number }> {
    const first = await repos.country!.findByKeyOrThrow('JP')
    const second = await repos.country!.findByKeyOrThrow('JP')
    return { name: first.name, once: first === second, open: openScopes() }
  }

  for (const [framework, start] of Object.entries(websocketServers)) {
    it(`a WebSocket of ${framework} has no scope, and each message can open its own`, async () => {
      await using server = await start(repos, async (message) =>
        JSON.stringify(await (message === 'scoped' ? repos.$request(readTwice) : readTwice())),
      )
      const socket = new WebSocket(`ws://127.0.0.1:${server.port}/socket`)
      using _closing = { [Symbol.dispose]: () => socket.close() }
      await once(socket, 'open')
      const ask = async (message: string) => {
        const answered = once(socket, 'message')
        socket.send(message)
        const [{ data: answer }] = await answered
        return JSON.parse(answer)
      }
      try {
        assert.deepEqual(await ask('plain'), { name: 'Japan', once: false, open: 0 })
        assert.deepEqual(await ask('scoped'), { name: 'Japan', once: true, open: 1 })
        await rename('Nippon')
        assert.deepEqual(await ask('plain'), { name: 'Nippon', once: false, open: 0 })
        assert.deepEqual(await ask('scoped'), { name: 'Nippon', once: true, open: 1 })
      } finally {
        await rename('Japan')
      }
      assert.equal(openScopes(), 0)
    })
  }

  for (const [framework, start] of Object.entries(frameworks)) {
    it(`a stream of events of ${framework} sees changes where each event opens its own scope`, async (t) => {
      const renamed = Promise.withResolvers<void>()
      await using server = await start(repos, {
        async *stream() {
          for (const ready of [Promise.resolve(), renamed.promise]) {
            await ready
            yield Buffer.from(`data: ${JSON.stringify(await repos.$request(readTwice))}\n\n`)
          }
        },
      })
      const { body } = await fetch(`${server.url}/stream`)
      const events = body!.pipeThrough(new TextDecoderStream()).getReader()
      try {
        const event = (name: string) => `data: ${JSON.stringify({ name, once: true, open: 1 })}\n\n`
        assert.equal((await events.read()).value, event('Japan'))
        assert.equal(openScopes(), 0, "the request's own scope holds nothing")
        await rename('Nippon')
        renamed.resolve()
        assert.equal((await events.read()).value, event('Nippon'))
      } finally {
        renamed.resolve()
        await rename('Japan')
      }
      assert.equal((await events.read()).done, true)
      await t.waitFor(() => assert.equal(openScopes(), 0), PATIENCE)
    })
  }
})
