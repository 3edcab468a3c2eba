/**
 * How far (ms) the clocks may move apart before it counts: they are read one after the other, and one of them in whole
 * milliseconds.
 */
const TOLERANCE = 2

let wall = Number.NaN
/** How much the wall clock was ahead of the monotonic one. */
let lead = Number.NaN
/** What the monotonic clock has missed. */
let missed = 0
let now = 0

/**
 * Milliseconds of a clock that ages are measured with. It counts the time that a machine was suspended, which the monotonic
 * clock does not, and is never set back, as the wall clock may be. It moves once per millisecond, and is up to one late. Between
 * two moves it costs one reading of the wall clock.
 */
export function ageNow(): number {
  const read = Date.now()
  return read === wall ? now : advance(read)
}

function advance(read: number): number {
  const monotonic = performance.now()
  const ahead = read - monotonic - lead
  if (ahead > TOLERANCE) missed += ahead
  if (!(Math.abs(ahead) <= TOLERANCE)) lead = read - monotonic
  wall = read
  now = monotonic + missed
  return now
}
