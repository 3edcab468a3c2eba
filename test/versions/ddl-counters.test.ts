import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Execute } from '../../src/database/execute.ts'
import { type DdlCounters, movesBetween, readCounters } from '../../src/versions/ddl-counters.ts'
import { COUNTERS } from '../../src/versions/poll-sql.ts'

const NOTHING_ELSE = { altered: false, truncated: false }
const ANYTHING = { altered: true, truncated: true }

function allOf(count: number): DdlCounters {
  return { counts: new Map(COUNTERS.map((name) => [name, count])), startedAt: 0 }
}

/** Counters that all stand at 10, but for these, of a server that was started at that time (s). */
function counters(own: Readonly<Record<string, number>> = {}, startedAt = 0): DdlCounters {
  return { counts: new Map(COUNTERS.map((name) => [name, own[name] ?? 10])), startedAt }
}

describe('the counters of DDL', () => {
  const moves: readonly [what: string, now: DdlCounters, expected: object | undefined][] = [
    ['nothing has begun', counters(), undefined],
    ['a clock of whole seconds', counters({}, 1.4), undefined],
    ['an ALTER', counters({ Com_alter_table: 11 }), { altered: true, truncated: false }],
    ['a TRUNCATE', counters({ Com_truncate: 12 }), { altered: false, truncated: true }],
    ['both', counters({ Com_truncate: 12, Com_alter_table: 11 }), ANYTHING],
    ...COUNTERS.filter((name) => !/alter|truncate/.test(name)).map((name): [string, DdlCounters, object] => [
      name,
      counters({ [name]: 11 }),
      NOTHING_ELSE,
    ]),
    ['a server that has started again', allOf(0), NOTHING_ELSE],
    ['the same, at a later time', { ...allOf(0), startedAt: 60 }, NOTHING_ELSE],
    [
      'what began after it',
      counters({ Com_create_table: 0, Com_truncate: 0 }),
      { altered: true, truncated: false },
    ],
    ['a server that has started again, at the same counters', counters({}, 60), ANYTHING],
    ['another server behind the same address, which is up for longer', counters({}, -600), ANYTHING],
  ]
  for (const [what, now, expected] of moves) {
    it(`tell: ${what}`, () => assert.deepEqual(movesBetween(counters(), now), expected))
  }

  it('tell nothing of a server that was not asked before, so that anything may have happened', () => {
    assert.deepEqual(movesBetween(undefined, counters()), ANYTHING)
  })

  it('are not known where the server shows only some of them', async () => {
    const shows = (names: readonly string[]) =>
      readCounters((async () => names.map((name) => [name, '7'])) as Execute, 'mariadb')
    assert.equal(await shows(['Uptime']), undefined)
    assert.equal(await shows(COUNTERS), undefined)
    const all = await shows([...COUNTERS, 'Uptime'])
    assert.deepEqual([...new Set(all?.counts.values())], [7])
    assert.deepEqual([...all!.counts.keys()].sort(), [...COUNTERS].sort())
  })

  it('are asked for by SHOW where MySQL runs without its performance schema', async () => {
    const execute: Execute = async ({ sql }) =>
      [...(sql.includes('show global status') ? COUNTERS : []), 'Uptime'].map((name) => [name, '7'])
    assert.equal((await readCounters(execute, 'mysql'))?.counts.size, COUNTERS.length)
  })
})
