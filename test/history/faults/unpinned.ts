import { PinnedGeneration as Right } from '../../../src/scope/pinned-generation.ts'

export * from '../../../src/scope/pinned-generation.ts'

/** Forgets which generation the request has seen first. */
export class PinnedGeneration extends Right {
  constructor(...given: ConstructorParameters<typeof Right>) {
    super(...given)
    Object.defineProperties(this, {
      pin: { value: () => given[0].current },
      direct: { get: () => true, set: () => {} },
      hits: { get: () => given[0].current.hits, set: () => {} },
    })
  }
}
