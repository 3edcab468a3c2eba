import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type ServerUse, serverUse } from '../support/runner/server-use.ts'
import { createTemporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'

describe('a test file', () => {
  const expectUse = (use: ServerUse, files: readonly string[]) => {
    for (const file of files) assert.equal(serverUse(`test/${file}`), use, file)
  }

  it('that asks the server, itself or by what it imports and starts, runs on each', () => {
    expectUse('version', [
      'keys/keys.test.ts',
      'versions/history.test.ts',
      'columns/differential.test.ts',
      'no-such-file.test.ts',
    ])
  })

  it('that starts servers of its own runs on one of each system', () => {
    expectUse('system', ['database/outage.test.ts', 'versions/restart.test.ts', 'check/folded-names.test.ts'])
  })

  it('of a room that sends no statements runs on one of each system', () => {
    expectUse('system', ['frameworks/heap.test.ts', 'project/adoption.test.ts', 'cli/check-command.test.ts'])
  })

  it('that asks none runs once', () => {
    expectUse('none', [
      'keys/integer-map.test.ts',
      'project/documents.test.ts',
      'project/rooms.test.ts',
      'cli/failure.test.ts',
      'store/lmdb-safety.test.ts',
    ])
  })

  describe('is judged by what it imports:', () => {
    const support = new URL('../support', import.meta.url).href
    let folder: TemporaryFolder

    before(async () => {
      folder = await createTemporaryFolder('server-use')
    })
    after(() => folder[Symbol.asyncDispose]())

    const cases: [text: string, use: ServerUse][] = [
      ["import { runStatements } from 'support/server.ts'", 'none'],
      ["import { runStatements, systemUnderTest } from 'support/server.ts'", 'system'],
      ["import { testServerUrl, systemUnderTest } from 'support/server.ts'", 'version'],
      ["import type { TestDatabase } from 'support/server.ts'", 'none'],
      ["import { type TestDatabase, createTestDatabase as create } from 'support/server.ts'", 'version'],
      ["import { somethingNew } from 'support/server.ts'", 'version'],
      ["import {\n  COUNTRIES,\n  metadataOf,\n} from 'support/lookups.ts'", 'none'],
      ["import { COUNTRIES, lookups } from 'support/lookups.ts'", 'version'],
      ["import * as server from 'support/server.ts'", 'version'],
      ["const server = await import('support/server.ts')", 'version'],
      ["import type { Page } from 'page'\nimport { racing } from 'support/races/racing.ts'", 'version'],
      ["import { closedAfterFile } from 'support/closing.ts'", 'none'],
    ]
    for (const [index, [text, use]] of cases.entries()) {
      it(text, async () => {
        const name = `${index}.test.ts`
        await folder.write({
          [name]: text.replace("'support/", `'${support}/`),
          [`by-${name}`]: `start('./${name}')`,
        })
        assert.equal(serverUse(folder.join(name)), use)
        assert.equal(serverUse(folder.join(`by-${name}`)), use)
      })
    }
  })
})
