import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  openPollRecord,
  type PollRecord,
  pollRecordName,
  sealPollRecord,
} from '../../src/versions/poll-record.ts'
import { COUNTERS } from '../../src/versions/poll-sql.ts'

const NAME = pollRecordName('a clock', 'a server', 'shop')

const RECORD: PollRecord = {
  sentAt: 1_234.5,
  sentAtWall: 1_700_000_000_000,
  server: '11.4.2-MariaDB db 3306 1',
  rows: [
    ['country', 28_000_000_000_123, 16],
    ['Länder "1"', 17, 16],
  ],
  counters: { sentAt: 1_200, startedAt: -60_000, counts: COUNTERS.map((_, index) => index) },
}

describe('the record of a poll', () => {
  it('is read as it was written, with counters and without', () => {
    assert.deepEqual(openPollRecord(NAME, sealPollRecord(NAME, RECORD)), RECORD)
    const { counters: _, ...without } = RECORD
    assert.deepEqual(openPollRecord(NAME, sealPollRecord(NAME, without)), without)
  })

  it('is named by all that tells whose polls it is of', () => {
    const names = [
      ['a clock', 'a server', 'shop'],
      ['another clock', 'a server', 'shop'],
      ['a clock', 'another server', 'shop'],
      ['a clock', 'a server', 'Shop'],
      ['a clock', 'a servershop', ''],
    ].map((identity) => pollRecordName(...identity))
    assert.equal(new Set(names).size, names.length)
    assert.equal(names[0], NAME)
  })

  it('is none under another name, cut short, or with any bit turned', () => {
    const sealed = sealPollRecord(NAME, RECORD)
    assert.equal(openPollRecord(pollRecordName('a clock', 'a server', 'other'), sealed), undefined)
    const bytes = Buffer.from(sealed)
    for (let at = 0; at < bytes.length; at++) {
      assert.equal(openPollRecord(NAME, bytes.subarray(0, at).toString()), undefined, `cut at ${at}`)
      const turned = Buffer.from(bytes)
      turned[at]! ^= 1 << (at % 8)
      const opened = openPollRecord(NAME, turned.toString())
      assert.equal(opened, undefined, `byte ${at}`)
    }
  })

  it('is none where what it says is of another form', () => {
    const wrong: readonly object[] = [
      [],
      { ...RECORD, sentAt: '1' },
      { ...RECORD, sentAtWall: null },
      { ...RECORD, server: 7 },
      { ...RECORD, rows: 'country' },
      { ...RECORD, rows: [['country', '17', 16]] },
      { ...RECORD, rows: [[1, 17, 16]] },
      { ...RECORD, counters: { ...RECORD.counters, counts: [1] } },
      { ...RECORD, counters: null },
    ]
    for (const one of wrong) {
      assert.equal(
        openPollRecord(NAME, sealPollRecord(NAME, one as PollRecord)),
        undefined,
        JSON.stringify(one),
      )
    }
    for (const text of ['', ' ', 'x', '0 null']) assert.equal(openPollRecord(NAME, text), undefined)
  })
})
