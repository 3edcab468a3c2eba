import type { KeyColumn } from '../columns/column-type.ts'
import type { Identity, Token } from './identity.ts'
import { IntegerMap } from './integer-map.ts'

/**
 * Values by the tokens of a key's columns, so that several columns can be asked without being joined to a text. Beside them are
 * values of an identity that is a text: no key leads to these.
 */
export interface KeyIndex<Value> {
  /** How many columns the key has. */
  readonly depth: number
  /** The column of a key that has no other. */
  readonly only: string | undefined
  /** Of a key of one column: its values by token. */
  readonly root: { get(token: unknown): unknown }
  get(tokens: Identity): Value | undefined
  /** What is known by the columns of an object as they are: no spelling of a key but those that were set. */
  find(columns: object): Value | undefined
  set(tokens: Identity, value: Value): void
  /** The same for a key of one column. */
  setOnly(token: Token, value: Value): void
  /** Takes away that value, and no other one that the key leads to. */
  delete(tokens: Identity, value: Value): void
}

/** The rest of a key that is alone with its beginning: a map of its own would take four times the room. */
class Leaf {
  readonly token: Token
  readonly value: unknown

  constructor(token: Token, value: unknown) {
    this.token = token
    this.value = value
  }
}

type Branch = Map<unknown, unknown> | IntegerMap<unknown>

/** A map of maps, one level for each column. */
export function createKeyIndex<Value extends object>(parts: readonly KeyColumn[]): KeyIndex<Value> {
  // Rows are counted up from 1 in most tables whose key is an integer.
  const root: Branch = parts.length === 1 && parts[0]!.rawType === 'number' ? new IntegerMap() : new Map()
  const last = parts.length - 1
  const names = parts.map(({ name }) => name)
  const types = parts.map(({ rawType }) => rawType)
  let beside: Map<string, Value> | undefined

  function prune(branch: Branch, tokens: readonly Token[], value: unknown, at: number): void {
    const token = tokens[at]!
    if (at === last) {
      if (branch.get(token) === value) branch.delete(token)
      return
    }
    const next = branch.get(token)
    if (next instanceof Leaf) {
      if (next.value === value && next.token === tokens[last]) branch.delete(token)
    } else if (next) {
      prune(next as Branch, tokens, value, at + 1)
      if ((next as Branch).size === 0) branch.delete(token)
    }
  }

  // Most keys have one column or two. Each place of its own reads a property of one name, which the engine remembers.
  const [name, secondName] = names as [string, string]
  const [type, secondType] = types

  function findOne(columns: object): Value | undefined {
    const part = (columns as Record<string, unknown>)[name]
    return typeof part === type ? (root.get(part) as Value | undefined) : undefined
  }

  function findTwo(columns: object): Value | undefined {
    const part = (columns as Record<string, unknown>)[name]
    const second = (columns as Record<string, unknown>)[secondName]
    if (typeof part !== type || typeof second !== secondType) return undefined
    return lookUp(root.get(part), second) as Value | undefined
  }

  function findMany(columns: object): Value | undefined {
    let node: unknown = root
    for (let at = 0; at <= last; at++) {
      const part = (columns as Record<string, unknown>)[names[at]!]
      if (typeof part !== types[at]) return undefined
      node = lookUp(node, part)
    }
    return node as Value | undefined
  }

  return {
    depth: parts.length,
    only: last === 0 ? names[0] : undefined,
    root,
    get(tokens) {
      if (typeof tokens === 'string') return beside?.get(tokens)
      let node: unknown = root
      for (let at = 0; at < last; at++) node = (node as Branch | undefined)?.get(tokens[at])
      return lookUp(node, tokens[last]) as Value | undefined
    },
    find: [findOne, findTwo][last] ?? findMany,
    set(tokens, value) {
      if (typeof tokens === 'string') {
        beside ??= new Map()
        beside.set(tokens, value)
        return
      }
      let branch = root
      for (let at = 0; at < last; at++) {
        const token = tokens[at]!
        const next = branch.get(token)
        if (next === undefined && at === last - 1) {
          branch.set(token, new Leaf(tokens[last]!, value))
          return
        }
        const following = next instanceof Leaf ? new Map([[next.token, next.value]]) : (next ?? new Map())
        if (following !== next) branch.set(token, following)
        branch = following as Branch
      }
      branch.set(tokens[last]!, value)
    },
    setOnly(token, value) {
      root.set(token, value)
    },
    delete(tokens, value) {
      if (typeof tokens !== 'string') prune(root, tokens, value, 0)
      else if (beside?.get(tokens) === value) beside.delete(tokens)
    },
  }
}

function lookUp(node: unknown, token: unknown): unknown {
  if (node instanceof Leaf) return node.token === token ? node.value : undefined
  return (node as Branch | undefined)?.get(token)
}
