import { type Environment, openEnvironment } from '../../../src/store/lmdb/environment.ts'
import { openFolder } from '../../../src/store/lmdb/folder.ts'
import type { BusyTask } from './busy-processes.ts'

/** Opens the file of a store behind its gate, and closes it, again and again. A store looks into the file first, and is slower. */
const { path, rounds } = JSON.parse(process.argv[2]!) as BusyTask

const folder = openFolder(path)
const { path: file } = folder.dataFile()
const gate = folder.gateOf(file)
const held = folder.hold(file)!
const opening = held.pathFor('this')
for (let round = 0; round < rounds; round++) {
  let environment: Environment | undefined
  await gate.whileClosed(async () => {
    environment = openEnvironment(opening.path, { readOnly: false, gate })
  })
  await environment!.close()
}
opening.remove()
held.release()
