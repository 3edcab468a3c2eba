import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import { describeStoreContract } from '../support/store/contract.ts'

describeStoreContract('lmdb', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kysely-lookup-store-'))
  const path = join(folder, 'store')
  return {
    store: lmdbStore({ path }),
    another: async () => lmdbStore({ path }),
    end: async () => rmSync(folder, { recursive: true, force: true }),
  }
})
