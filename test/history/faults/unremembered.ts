import { TableScope as Right } from '../../../src/scope/table-scope.ts'

export * from '../../../src/scope/table-scope.ts'

/** Forgets what the process has answered. */
export class TableScope extends Right {
  override remember(...[, row]: Parameters<Right['remember']>): ReturnType<Right['remember']> {
    return Promise.resolve(row)
  }
}
