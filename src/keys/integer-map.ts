/** The array begins with so many places, and has at most so many for each key in it: gaps must not cost much room. */
const FIRST_PLACES = 1_024
const PLACES_PER_KEY = 4
/** By how much it grows at least, so that the other keys are seldom looked through. */
const GROWTH = 1.5

/**
 * A map with numbers as keys. Those that count rows up from 1 lie in an array, which is faster to read than a `Map`, takes less
 * room, and is not rehashed while it grows. Any other key lies in a `Map`.
 */
export class IntegerMap<Value> {
  /** Holds whatever is an index of it. */
  readonly #dense: (Value | undefined)[] = []
  readonly #others = new Map<unknown, Value>()
  #denseSize = 0
  /** No number in `#others` is below it. */
  #lowestOther = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#denseSize + this.#others.size
  }

  get(key: unknown): Value | undefined {
    // No text, fraction or negative number passes the comparison, and the array is never read beyond its end.
    if (typeof key === 'number' && key >>> 0 === key && key < this.#dense.length) return this.#dense[key]
    return this.#others.size === 0 ? undefined : this.#others.get(key)
  }

  set(key: unknown, value: Value): void {
    if (typeof key !== 'number' || key >>> 0 !== key || key >= this.#room()) {
      this.#others.set(key, value)
      if (typeof key === 'number' && key < this.#lowestOther) this.#lowestOther = key
      return
    }
    if (key >= this.#dense.length) this.#grow(Math.max(key + 1, GROWTH * this.#dense.length))
    this.#setDense(key, value)
  }

  delete(key: unknown): void {
    if (typeof key !== 'number' || key >>> 0 !== key || key >= this.#dense.length) this.#others.delete(key)
    else if (this.#dense[key] !== undefined) {
      this.#dense[key] = undefined
      this.#denseSize--
    }
  }

  #setDense(key: number, value: Value): void {
    if (this.#dense[key] === undefined) this.#denseSize++
    this.#dense[key] = value
  }

  /** How long the array may be: as it is, until it may grow. */
  #room(): number {
    const room = Math.max(FIRST_PLACES, PLACES_PER_KEY * this.#denseSize)
    return room < GROWTH * this.#dense.length ? this.#dense.length : room
  }

  #grow(length: number): void {
    // One by one: an array that is written to far beyond its end becomes a dictionary.
    while (this.#dense.length < length) this.#dense.push(undefined)
    if (this.#lowestOther >= length) return
    this.#lowestOther = Number.POSITIVE_INFINITY
    for (const [key, value] of this.#others) {
      if (typeof key !== 'number') continue
      if (key >>> 0 === key && key < length) {
        this.#others.delete(key)
        this.#setDense(key, value)
      } else if (key < this.#lowestOther) {
        this.#lowestOther = key
      }
    }
  }
}
