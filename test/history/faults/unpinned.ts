import { NO_HITS } from '../../../src/cache/generation.ts'
import { TableMemo as Right } from '../../../src/scope/table-scope.ts'

/** Forgets which generation the request has seen first. */
export class TableMemo extends Right {
  constructor(...given: ConstructorParameters<typeof Right>) {
    super(...given)
    Object.defineProperties(this, {
      generation: { get: () => given[0].cache?.current },
      hits: { get: () => given[0].cache?.current.hits ?? NO_HITS, set: () => {} },
    })
  }
}
