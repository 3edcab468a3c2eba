import { EMPTY_INDEX } from '../../../src/cache/generation.ts'
import { TableScope as Right } from '../../../src/scope/table-scope.ts'

export * from '../../../src/scope/table-scope.ts'

/** Forgets which generation the request has seen first. */
export class TableScope extends Right {
  constructor(...given: ConstructorParameters<typeof Right>) {
    super(...given)
    Object.defineProperties(this, {
      pinGeneration: { value: () => given[0].cache?.current },
      direct: { get: () => true, set: () => {} },
      hits: { get: () => given[0].cache?.current.hits ?? EMPTY_INDEX, set: () => {} },
    })
  }
}
