const PROTOTYPES = new Map<unknown, string>([
  [Object.prototype, 'Object'],
  [Array.prototype, 'Array'],
  [Date.prototype, 'Date'],
  [Buffer.prototype, 'Buffer'],
])

/** Everything that can be told of a value without its own help, as text: equal texts are equal values. */
export function fingerprint(value: unknown): string {
  if (typeof value === 'function') return 'function'
  if (typeof value !== 'object' || value === null) return `${typeof value} ${String(value)}`
  const kind = PROTOTYPES.get(Object.getPrototypeOf(value)) ?? 'other'
  if (kind === 'Date') return `Date ${Date.prototype.getTime.call(value)}`
  if (value instanceof Uint8Array) return `${kind} ${Buffer.from(value).toString('hex')}`
  const parts = Reflect.ownKeys(value).map((key) => {
    const { enumerable } = Object.getOwnPropertyDescriptor(value, key)!
    return `${String(key)}${enumerable ? '' : ' (hidden)'}: ${fingerprint(Reflect.get(value, key))}`
  })
  return `${kind} { ${parts.join('; ')} }`
}
