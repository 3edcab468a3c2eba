/**
 * Reads the imports of `src` as arrows between rooms: the folders, and each file beside them.
 *
 *     npm run rooms
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** One import of a file of another room. */
export interface Arrow {
  readonly from: string
  readonly to: string
  /** The importing file, from the root of the checkout. */
  readonly file: string
}

/** Every import that leads from one room to another; types count. */
export function readArrows(folder: string = root): Arrow[] {
  return globSync('src/**/*.ts', { cwd: folder }).flatMap((file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    const imports = text.matchAll(/(?:^(?:import|export|\})[^'\n]*|\bimport\()'(\.[^'\n]+)'/gm)
    return [...imports]
      .map(([, path]) => ({ from: roomOf(file), to: roomOf(join(dirname(file), path!)), file }))
      .filter(({ from, to }) => from !== to)
  })
}

/** How many rooms stand below each room, one upon the other; a cycle throws. */
export function floorsOf(arrows: readonly Arrow[]): ReadonlyMap<string, number> {
  const below = new Map<string, Set<string>>()
  for (const { from, to } of arrows) {
    for (const room of [from, to]) if (!below.has(room)) below.set(room, new Set())
    below.get(from)!.add(to)
  }
  const floors = new Map<string, number>()
  const floor = (room: string, above: readonly string[]): number => {
    if (above.includes(room)) throw new Error(`imports go in a circle: ${[...above, room].join(' -> ')}`)
    const known = floors.get(room)
    if (known !== undefined) return known
    const found = Math.max(-1, ...[...below.get(room)!].map((next) => floor(next, [...above, room]))) + 1
    floors.set(room, found)
    return found
  }
  for (const room of below.keys()) floor(room, [])
  return floors
}

function roomOf(file: string): string {
  const [, room = ''] = relative('.', file).split('/')
  return room
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const arrows = readArrows(process.argv[2])
  const floors = floorsOf(arrows)
  const to = (room: string) => new Set(arrows.filter(({ from }) => from === room).map((arrow) => arrow.to))
  for (const [room, floor] of [...floors].sort((a, b) => b[1] - a[1])) {
    console.log(`${floor} ${room} -> ${[...to(room)].sort().join(', ')}`)
  }
  const pairs = new Set(arrows.map((arrow) => `${arrow.from} ${arrow.to}`))
  const highest = Math.max(...floors.values()) + 1
  console.log(`${floors.size} rooms on ${highest} floors with ${pairs.size} arrows`)
}
