import { TableMemo as Right } from '../../../src/table-memo.ts'

/** Forgets which generation the request has seen first. */
export class TableMemo extends Right {
  readonly #cache: ConstructorParameters<typeof Right>[0]['cache']

  constructor(...given: ConstructorParameters<typeof Right>) {
    super(...given)
    this.#cache = given[0].cache
  }

  override get generation() {
    return this.#cache?.current
  }

  override get strayed() {
    return false
  }
}
