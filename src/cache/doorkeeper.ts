import type { Identity, Token } from '../keys/identity.ts'

/** Which rows a full cache takes in, where they can be read again at little cost: those that were asked for not long ago. */
export interface Doorkeeper {
  /** Takes note of the row, and says whether it knew it. Another row may be taken for it, which costs a place in the cache. */
  knows(identity: Identity): boolean
}

/** It knows about as many rows as the cache holds, in 4 to 8 bytes each. */
export function createDoorkeeper(maxRows: number): Doorkeeper {
  const bits = Math.max(1, Math.ceil(Math.log2(maxRows)))
  const hashes = new Uint32Array(2 ** bits)

  return {
    knows(identity) {
      const hash = hashOf(identity)
      const at = hash >>> (32 - bits)
      if (hashes[at] === hash) return true
      hashes[at] = hash
      return false
    },
  }
}

const PRIME = 0x01000193

function hashOf(identity: Identity): number {
  let hash = 0
  if (typeof identity === 'string') hash = hashOfText(identity)
  else for (const token of identity) hash = Math.imul(hash, PRIME) ^ hashOfToken(token)
  // As MurmurHash3 ends: each bit depends on all of them.
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function hashOfToken(token: Token): number {
  return typeof token === 'number' ? token : hashOfText(String(token))
}

function hashOfText(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME)
  return hash
}
