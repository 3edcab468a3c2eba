/** How many places there are at first, and how many for each key that is held: a sparse table must not cost much room. */
const FIRST_PLACES = 1_024
const PLACES_PER_KEY = 4

/**
 * A map of numbers, of which those that count rows up from 1 lie in an array: it is found faster there than in a `Map`,
 * takes less room, and is not hashed anew while it grows. Any other key lies in a `Map`.
 */
export class IntegerMap<Value> {
  readonly #dense: (Value | undefined)[] = []
  readonly #others = new Map<unknown, Value>()
  #denseSize = 0
  /** At which size the keys in `#others` are looked at again. */
  #next = FIRST_PLACES / PLACES_PER_KEY

  get size(): number {
    return this.#denseSize + this.#others.size
  }

  get(key: unknown): Value | undefined {
    // No text, fraction or negative number gets beyond the comparison, nor is the array ever read beyond its end.
    if (typeof key === 'number' && key >>> 0 === key && key < this.#dense.length) {
      const value = this.#dense[key]
      if (value !== undefined) return value
    }
    return this.#others.size === 0 ? undefined : this.#others.get(key)
  }

  set(key: unknown, value: Value): void {
    if (this.#others.size > 0 && this.#others.has(key)) {
      this.#others.set(key, value)
      return
    }
    if (!this.#setDense(key, value)) this.#others.set(key, value)
    if (this.size >= this.#next) this.#moveOthers()
  }

  delete(key: unknown): void {
    if (this.#others.delete(key)) return
    if (typeof key !== 'number' || this.#dense[key] === undefined) return
    this.#dense[key] = undefined
    this.#denseSize--
  }

  #setDense(key: unknown, value: Value): boolean {
    if (typeof key !== 'number' || key >>> 0 !== key) return false
    if (key >= this.#dense.length && key >= FIRST_PLACES && key >= PLACES_PER_KEY * this.size) return false
    // One by one: an array that is written to far beyond its end becomes a dictionary.
    while (this.#dense.length <= key) this.#dense.push(undefined)
    if (this.#dense[key] === undefined) this.#denseSize++
    this.#dense[key] = value
    return true
  }

  /** There is room for more of them, now that more keys are held. */
  #moveOthers(): void {
    this.#next = 2 * this.size
    for (const [key, value] of this.#others) {
      if (this.#setDense(key, value)) this.#others.delete(key)
    }
  }
}
