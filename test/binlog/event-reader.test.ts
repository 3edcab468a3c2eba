import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createEventReader } from '../../src/binlog/event-reader.ts'

describe('events of the binary log', () => {
  /** After which of the events it rings. */
  function rings(
    database: string,
    ...events: readonly (string | { schema: string; query: string })[]
  ): number[] {
    const after: number[] = []
    let index = 0
    const reader = createEventReader({ database, changed: () => after.push(index) })
    for (const event of events) {
      const name = typeof event === 'string' ? event : 'query'
      reader.read({ getEventName: () => name, ...(typeof event === 'object' && event) })
      index++
    }
    return after
  }
  const query = (text: string, schema = 'shop') => ({ query: text, schema })

  it('ring at the end of a transaction that has rows of the version table', () => {
    assert.deepEqual(rings('shop', 'gtid', query('BEGIN'), 'tablemap', 'xid', 'gtid', 'xid'), [3])
    assert.deepEqual(rings('shop', 'mariadbgtid', 'tablemap', query('COMMIT'), 'mariadbgtid', 'xid'), [2])
    assert.deepEqual(rings('shop', 'tablemap', query('SAVEPOINT `a`'), query('ROLLBACK TO `a`'), 'xid'), [3])
    assert.deepEqual(rings('shop', 'tablemap', 'gtid'), [1])
    assert.deepEqual(rings('shop', 'tablemap', 'xaprepare', query("XA COMMIT X'61',X'',1", '')), [1, 2])
  })

  it('ring for statements that may be about the database', () => {
    assert.deepEqual(rings('shop', query('TRUNCATE country')), [0])
    assert.deepEqual(rings('Shop', query('ALTER TABLE `SHOP`.`country` ADD x INT', 'other')), [0])
    assert.deepEqual(rings('sh`op', query('DROP TABLE `sh``op`.`t`', '')), [0])
    assert.deepEqual(
      rings('shop', query('CREATE TABLE t (id INT)', 'other'), query('BEGIN'), 'heartbeat'),
      [],
    )
  })

  it('ring where they cannot be decoded', () => {
    assert.deepEqual(rings('shop', 'transactionpayload', 'partialupdaterows', 'unknown', 'rotate'), [0, 1, 2])
  })
})
