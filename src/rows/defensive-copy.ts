import { inspect } from 'node:util'
import { LookupError } from '../errors.ts'

/** Puts a property on a row that is being built: who reads it gets a copy made from `payload`, which nobody can reach. */
export type DefineCopied<Payload> = (row: object, payload: Payload) => void

/** A constructor that answers the object it is given: a subclass puts its private field on that. */
const Given = class {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the object is to stay a plain one, of no class
    return object
  }
}

/**
 * For values that cannot be frozen: `Date.prototype.setTime.call` and a write into bytes get through any wrapper.
 * The property is the row's own and enumerable, so that JSON, spread and structuredClone see the value. Its getter is
 * shared by all rows: one of their own each would cost every row its hidden class.
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
      // An object that inherits from a row reads what the row holds.
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

// An accessor, for it takes no room in the row; not enumerable, so that copies of the row do not have it.
const INSPECTED = { get: () => valuesOf }

Object.freeze(INSPECTED.get)
Object.freeze(valuesOf)

/** Makes `console.log` print the values of copied properties, where it would print `[Getter]`. */
export function defineInspection(row: object): void {
  Object.defineProperty(row, inspect.custom, INSPECTED)
}

function valuesOf(this: object): object {
  try {
    return { ...this }
  } catch {
    // A Proxy of a row: printed as Node would print it.
    return this
  }
}
