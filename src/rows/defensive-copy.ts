import { inspect } from 'node:util'
import { LookupError } from '../errors.ts'

/** Adds a property to a row that is being built. Reading it returns a copy made from `payload`, which nobody can reach. */
export type DefineCopied<Payload> = (row: object, payload: Payload) => void

/** A constructor that returns the object it is given, so that a subclass adds its private field to that object. */
const Given = class {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the object must stay a plain one, without a class
    return object
  }
}

/**
 * For values that cannot be frozen: `Date.prototype.setTime.call` and a write into bytes get through any wrapper. The property is the row's
 * own and enumerable, so that JSON, spread and structuredClone see the value. All rows share its getter: separate getters would cost every
 * row its hidden class.
 */
export function createCopiedProperty<Payload>(
  name: string,
  copy: (payload: Payload) => unknown,
): DefineCopied<Payload> {
  const Holder = class extends Given {
    readonly #payload: Payload

    constructor(row: object, payload: Payload) {
      super(row)
      this.#payload = payload
    }

    static read(receiver: unknown): unknown {
      // An object that inherits from a row reads the row's value.
      for (let at = receiver; typeof at === 'object' && at !== null; at = Object.getPrototypeOf(at)) {
        if (#payload in at) return copy(at.#payload)
      }
      throw new LookupError(
        'KYSELY_LOOKUP_FOREIGN_RECEIVER',
        `column ${name}: expected to be read on a row of a repository, was read on another object, such as a Proxy of the row. Give the Proxy a copy: { ...row }.`,
      )
    }
  }
  const descriptor = {
    get(this: unknown): unknown {
      return Holder.read(this)
    },
    enumerable: true,
  }
  Object.freeze(descriptor.get)
  return (row, payload) => {
    new Holder(row, payload)
    Object.defineProperty(row, name, descriptor)
  }
}

// An accessor, because it takes no room in the row; not enumerable, so that copies of the row do not have it.
const INSPECTED = { get: () => valuesOf }

Object.freeze(INSPECTED.get)
Object.freeze(valuesOf)

/** Makes `console.log` print the values of copied properties instead of `[Getter]`. */
export function defineInspection(row: object): void {
  Object.defineProperty(row, inspect.custom, INSPECTED)
}

function valuesOf(this: object): object {
  try {
    return { ...this }
  } catch {
    // A Proxy of a row is printed as Node would print it.
    return this
  }
}
