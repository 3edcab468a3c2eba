import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  amend,
  freeze,
  type TrackOptions,
  trackVersion,
  untrackVersion,
  versionTriggers,
} from '../../src/migration/index.ts'
import { CLOCK_LIMIT, SLOT_COUNTS, SOLE } from '../../src/versions/version-table.ts'
import { CITIES, type Migrating, migrating, refusal } from '../support/migration/migrating.ts'

type Slots = NonNullable<TrackOptions['slots']>

describe('a table with few version rows', () => {
  let data: Migrating

  before(async () => {
    data = await migrating(CITIES)
  })
  after(() => data[Symbol.asyncDispose]())

  const rows = async (table = 'city') =>
    (
      await data.run(
        `select slot, cast(version as char) as version from lookup_version where table_name = '${table}' order by slot`,
      )
    ).map(({ slot, version }) => [Number(slot), Number(version)] as const)
  const states = async () =>
    (await versionTriggers(data.db, ['city'])).get('city')!.map(({ state, body }) => ({
      state,
      slots: Number(/connection_id\(\) % (\d+)/.exec(body)?.[1] ?? 1),
    }))
  const writes = [
    "insert into city values (50, 'Nice', 'FR')",
    "update city set name = 'Nizza' where id = 50",
    'delete from city where id = 50',
  ]

  async function meets(slots: Slots): Promise<void> {
    const present = await rows()
    assert.deepEqual(
      present.map(([slot]) => slot),
      Array.from({ length: slots }, (_, slot) => slot),
    )
    assert.equal(present[0]![1] >= SOLE, slots === 1, 'a lone row says so, and no other')
    assert.deepEqual(await states(), new Array(3).fill({ state: 'live', slots }))
    for (const statement of writes) {
      const moved = await data.moved('city', () => data.run(statement))
      assert.ok(moved > 0, `${statement}: ${moved}`)
    }
    assert.deepEqual(
      (await rows()).map(([slot]) => slot),
      present.map(([slot]) => slot),
      'writes make no others',
    )
    const newest = Math.max(...(await rows()).map(([, version]) => version % CLOCK_LIMIT))
    assert.ok(Math.abs(newest - Date.now()) < 60_000, `${newest} is not the time`)
  }

  // Each number after each other one.
  const order: Slots[] = [16, 1, 2, 1, 4, 1, 8, 1, 16, 2, 4, 2, 8, 2, 16, 4, 8, 4, 16, 8, 16]

  it('moves its version with each write, and keeps it rising whatever number follows', async () => {
    let last = 0
    for (const slots of order) {
      await trackVersion(data.db, 'city', { slots })
      const version = await data.version('city')
      assert.ok(version > last, `${slots}: ${version} after ${last}`)
      await meets(slots)
      last = await data.version('city')
    }
  })

  it('begins with any number, and keeps it without the option, until another one is given', async () => {
    for (const slots of SLOT_COUNTS) {
      await untrackVersion(data.db, 'city')
      assert.deepEqual(await rows(), [])
      await trackVersion(data.db, 'city', { slots })
      await meets(slots)
      await trackVersion(data.db, 'city')
      await meets(slots)
      await data.run('drop trigger lookup_version_update_city')
      await trackVersion(data.db, 'city', {})
      await meets(slots)
    }
  })

  it('has 16 by default, as without the option', async () => {
    await untrackVersion(data.db, 'city')
    await trackVersion(data.db, 'city')
    await meets(16)
  })

  it('can be frozen too, and amended', async () => {
    for (const slots of [1, 4, 16] as const) {
      await trackVersion(data.db, 'city', { slots })
      await freeze(data.db, 'city')
      const before = await rows()
      const moved = await data.moved('city', () =>
        amend(data.db, 'city', (trx) => trx.updateTable('city').set({ name: 'x' }).execute()),
      )
      assert.ok(moved > 0)
      const present = await rows()
      assert.equal(present.length, slots)
      assert.equal(before.length, slots)
      assert.equal(present[0]![1] >= SOLE, slots === 1)
      await data.run('drop trigger lookup_frozen_update_city', 'drop trigger lookup_frozen_delete_city')
    }
  })

  it('takes over what others had: a stand-in that a crash has left, and rows without triggers', async () => {
    await trackVersion(data.db, 'city', { slots: 4 })
    const [{ body } = { body: '' }] = (await versionTriggers(data.db, ['city'])).get('city')!
    await data.run(
      `create trigger moving_version_insert_city after insert on city for each row ${body}`,
      'drop trigger lookup_version_insert_city',
    )
    await trackVersion(data.db, 'city', { slots: 1 })
    await meets(1)
    const names = await data.triggers()
    assert.deepEqual(
      names.filter((name) => name.startsWith('moving')),
      [],
      names.join(),
    )
    // As a table that was dropped and created again has it.
    for (const name of await data.triggers()) await data.run(`drop trigger ${name}`)
    await trackVersion(data.db, 'city')
    await meets(1)
    await data.run("delete from lookup_version where table_name = 'city'", writes[0]!, writes[2]!)
    await trackVersion(data.db, 'city', { slots: 1 })
    await meets(1)
  })

  const wrong: readonly unknown[] = [0, 3, 17, 32, -1, 1.5, Number.NaN, '4', null, {}]
  for (const slots of wrong) {
    it(`refuses a number that is none of its own: ${JSON.stringify(slots)} (${typeof slots})`, async () => {
      await assert.rejects(
        trackVersion(data.db, 'city', { slots: slots as Slots }),
        refusal('trackVersion', '1, 2, 4, 8 or 16', '{ slots: 1 }'),
      )
    })
  }
})
