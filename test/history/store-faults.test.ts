import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Fault, faultNamed, faults } from './faults.ts'
import { scenes } from './staged/scenes.ts'
import { playScene } from './staged/staged-history.ts'

describe('processes over one store', { concurrency: 2 }, () => {
  for (const fault of Object.keys(scenes) as (keyof typeof scenes)[]) {
    const scene = scenes[fault]

    it(`see nothing that they must not see where a fault would show: ${fault}`, async () => {
      const { violations, reads } = await playScene(scene)
      assert.deepEqual(violations, [])
      assert.ok(reads > 0)
    })

    it(`are caught with the fault: ${fault}`, async (t) => {
      const { counts } = await playScene(scene, fault)
      t.diagnostic(JSON.stringify(counts))
      assert.ok(counts[scene.shows], `expected: ${scene.shows}`)
    })
  }

  it('have a scene for each fault of stores', () => {
    const ofStores = (Object.keys(faults) as Fault[]).filter((name) => faultNamed(name).store)
    assert.deepEqual(Object.keys(scenes).sort(), ofStores.sort())
  })
})
