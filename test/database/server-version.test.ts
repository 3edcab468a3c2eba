import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hasJsonTable } from '../../src/database/server-features.ts'
import { parseServerVersion } from '../../src/database/server-version.ts'

describe('what a server says of its version', () => {
  const said: [string, ReturnType<typeof parseServerVersion>, boolean][] = [
    ['9.7.4', { system: 'mysql', version: '9.7.4', release: 907, partial: false }, true],
    ['5.7.44-log', { system: 'mysql', version: '5.7.44', release: 507, partial: false }, false],
    [
      '5.5.5-10.5.23-MariaDB-0+deb11u1',
      { system: 'mariadb', version: '10.5.23', release: 1005, partial: false },
      false,
    ],
    [
      '11.8.9-MariaDB-0+deb13u1 from Debian',
      { system: 'mariadb', version: '11.8.9', release: 1108, partial: false },
      true,
    ],
    // These have the numbers of a MySQL that understands JSON_TABLE, and do not.
    ['8.0.11-TiDB-v8.5.1', { system: 'mysql', version: '8.0.11', release: 800, partial: true }, false],
    ['8.0.34-Vitess', { system: 'mysql', version: '8.0.34', release: 800, partial: true }, false],
    ['8.0.23-PlanetScale', { system: 'mysql', version: '8.0.23', release: 800, partial: true }, false],
  ]
  for (const [text, identity, jsonTable] of said) {
    it(`${text} ${jsonTable ? 'has' : 'lacks'} JSON_TABLE`, () => {
      assert.deepEqual(parseServerVersion(text), identity)
      assert.equal(hasJsonTable(identity), jsonTable)
    })
  }
})
