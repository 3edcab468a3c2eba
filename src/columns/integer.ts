/** Beyond 2^53 a number may already be another integer than the one that was meant. */
export function isInteger(value: unknown): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value)
}

export function encodeInteger(value: unknown, from: bigint, to: bigint): string | undefined {
  return isInteger(value) && (value as bigint) >= from && (value as bigint) <= to ? String(value) : undefined
}
