import { inspect } from 'node:util'

/** One way to try to alter an object that was handed out. */
export interface Attempt {
  readonly source: string
  readonly mode: 'strict' | 'sloppy'
  /** Tries it; whether it throws says nothing. `value` is the object's property `key`, read just before. */
  run(object: object, key: PropertyKey): void
}

const JUNK = [
  'undefined',
  'null',
  '0',
  "''",
  '{}',
  '[]',
  'new Date(0)',
  'Buffer.alloc(2)',
  'Symbol()',
  '() => 1',
]

const PROPERTY = [
  ...JUNK.map((junk) => `object[key] = ${junk}`),
  ...JUNK.slice(0, 8).map((junk) => `Reflect.set(object, key, ${junk})`),
  ...['+', '-', '*', '**', '&', '|', '>>>', '??', '&&', '||'].map((operator) => `object[key] ${operator}= 1`),
  'object[key]++',
  '--object[key]',
  '[object[key]] = [1]',
  '({ a: object[key] } = { a: 1 })',
  'for (object[key] of [1, 2]);',
  'for (object[key] in { a: 1 });',
  'delete object[key]',
  'Reflect.deleteProperty(object, key)',
  'for (const name of Reflect.ownKeys(object)) delete object[name]',
  'Reflect.set({}, key, 1, object)',
  'Reflect.set(Object.create(object), key, 1)',
  'Reflect.set(Object.create(object), key, 1, object)',
  'Object.create(object)[key] = 1',
  'class A extends function () { return object } { [key] = 1 }; new A()',
  'class A extends function () { return object } { #private = 1 }; new A()',
  'super_: { const child = { __proto__: object, f() { super[key] = 1 } }; child.f.call(object) }',
  'Object.assign(object, { [key]: 1 })',
  'Object.assign(object, [1, 2, 3])',
  ...['Object', 'Reflect'].flatMap((by) => [
    `${by}.defineProperty(object, key, { value: 1 })`,
    `${by}.defineProperty(object, key, { value: 1, writable: true, configurable: true, enumerable: true })`,
    `${by}.defineProperty(object, key, { get: () => 1 })`,
    `${by}.defineProperty(object, key, { set() {} })`,
    `${by}.defineProperty(object, key, { enumerable: false })`,
    `${by}.defineProperty(object, key, { writable: true })`,
    `${by}.defineProperty(object, key, { configurable: true })`,
    `${by}.defineProperty(object, 'extra', { value: 1, enumerable: true })`,
    `${by}.setPrototypeOf(object, null)`,
    `${by}.setPrototypeOf(object, { [key]: 1 })`,
    `${by}.setPrototypeOf(object, new Proxy({}, { get: () => 1 }))`,
    `${by}.preventExtensions(object)`,
  ]),
  'Object.defineProperties(object, { [key]: { value: 1 }, extra: { value: 1 } })',
  'object.__defineGetter__(key, () => 1)',
  'object.__defineSetter__(key, () => 1)',
  'object.__lookupSetter__(key).call(object, 1)',
  'Object.prototype.__defineGetter__.call(object, key, () => 1)',
  'object.__proto__ = { [key]: 1 }',
  'object.__proto__ = null',
  "Object.getOwnPropertyDescriptor(Object.prototype, '__proto__').set.call(object, {})",
  'Object.freeze(object)',
  'Object.seal(object)',
  'with (object) { extra = 1 }',
  'with (object) { eval(key + " = 1") }',
  'with (object) { eval("var " + key + " = 1") }',
  ...[
    'extra',
    'constructor',
    'then',
    'toJSON',
    'toString',
    'valueOf',
    'hasOwnProperty',
    'length',
    '__proto__',
    '0',
  ].flatMap((name) => [
    `object[${JSON.stringify(name)}] = () => 1`,
    `Object.defineProperty(object, ${JSON.stringify(name)}, { value: 1, enumerable: true })`,
  ]),
  ...['iterator', 'toPrimitive', 'toStringTag', 'isConcatSpreadable', 'unscopables'].map(
    (name) => `object[Symbol.${name}] = () => 1`,
  ),
  "object[Symbol('extra')] = 1",
  "object[Symbol.for('extra')] = 1",
  'object[inspect.custom] = () => 1',
  'delete object[inspect.custom]',
  'Object.defineProperty(object, inspect.custom, { value: () => 1 })',
  'inspect(object, { showHidden: true, getters: true, depth: 9 })',
  'object[inspect.custom].call(object)[key] = 1',
  'object.__proto__.polluted = 1',
  'object.constructor.prototype.polluted = 1',
  'Object.getPrototypeOf(object).polluted = 1',
  '({ ...object })[key] = 1',
  'structuredClone(object)[key] = 1',
  'const { [key]: taken, ...rest } = object; rest[key] = 1; taken.extra = 1',
  'for (const entry of Object.entries(object)) { entry[1] = 1; entry.length = 0 }',
  'Object.values(object).fill(1)',
  'JSON.stringify(object, function (name, part) { this[name] = 1; return part })',
  'JSON.parse(JSON.stringify(object), function (name) { this[name] = 1 })',
  'new Proxy(object, {})[key] = 1',
  'delete new Proxy(object, {})[key]',
  'Object.defineProperty(new Proxy(object, {}), key, { value: 1 })',
  'for (const part of Object.values(object)) part.extra = 1',
  'for (const part of Object.values(object)) for (const name in part) { part[name] = 1; delete part[name] }',
  'Object.groupBy([object], (one) => (one[key] = 1))',
  'Array.prototype.push.call(object, 1)',
  'Array.prototype.fill.call(object, 1)',
  'Array.prototype.splice.call(object, 0, 1)',
]

const ARRAY = [
  'push(1)',
  'pop()',
  'shift()',
  'unshift(1)',
  'splice(0, 1)',
  'splice(0, 0, 1)',
  'reverse()',
  'sort(() => -1)',
  'fill(1)',
  'copyWithin(0, 1)',
  'toSorted().push(1)',
  'slice().fill(1)',
  'concat(1).fill(2)',
  'with(0, 1).push(1)',
  'forEach((_, index, array) => { array[index] = 1; array.length = 0 })',
  'map((_, index, array) => array.pop())',
].flatMap((call) => [`object.${call}`, `Array.prototype.${call.replace('(', '.call(object, ')}`])

const LENGTH = [
  'object.length = 0',
  'object.length = 9',
  'object.length--',
  "Reflect.set(object, 'length', 0)",
]

const GETTER = [
  'getter.extra = 1',
  'getter.call = () => 1',
  'getter.prototype = {}',
  'Object.setPrototypeOf(getter, null)',
  'Object.defineProperty(getter, Symbol.hasInstance, { value: 1 })',
  'delete getter.name',
  'getter.call(undefined)',
  'getter.call(null)',
  'getter.call(1)',
  'getter.call({})',
  'getter.call(globalThis)',
  'getter.call(Object.create(object)).extra = 1',
  'getter.call(new Proxy(object, {})).extra = 1',
  'getter.call({ ...object })',
  'getter.call(object, 1)',
  'new getter(1)',
  'getter.apply(object).extra = 1',
  'Reflect.apply(getter, object, []).extra = 1',
  'getter.arguments[0] = 1',
  'getter.caller()',
  'const own = { ...descriptor, set() {} }; Object.defineProperty(object, key, own)',
  'descriptor.get = () => 1; Object.defineProperty(object, key, descriptor)',
  'Object.getOwnPropertyDescriptors(object)[key].get = () => 1',
].map(
  (source) =>
    `const descriptor = Object.getOwnPropertyDescriptor(object, key), getter = descriptor.get; ${source}`,
)

const methodsOf = (prototype: object, pattern: RegExp) =>
  Object.getOwnPropertyNames(prototype).filter((name) => pattern.test(name))

const VALUE = [
  ...[
    'extra = 1',
    "['0'] = 1",
    '__proto__ = null',
    'constructor = 1',
    'toJSON = () => 1',
    'valueOf = () => 1',
  ].map((assignment) => `value${assignment.startsWith('[') ? '' : '.'}${assignment}`),
  'Object.setPrototypeOf(value, null)',
  "Object.defineProperty(value, 'getTime', { value: () => 1 })",
  'Object.defineProperty(value, 0, { value: 1 })',
  'Object.assign(value, { extra: 1 })',
  'Object.freeze(value)',
  'object[key] = value',
]

const DATE = [
  ...methodsOf(Date.prototype, /^set/).flatMap((name) => [
    `value.${name}(0)`,
    `Date.prototype.${name}.call(value, NaN)`,
    `Reflect.apply(Date.prototype.${name}, object[key], [1, 2, 3])`,
    `Date.prototype.${name}.call(object, 0)`,
  ]),
]

const BYTES = [
  'for (let index = 0; index < value.length; index++) value[index] ^= 255',
  'value.set([1])',
  'value.set(Buffer.alloc(value.length, 7))',
  "new TextEncoder().encodeInto('xyz', value)",
  'value.subarray().fill(7)',
  'value.slice().fill(7)',
  'Buffer.from(value.buffer).fill(7)',
  'Buffer.from(value.buffer, value.byteOffset, value.length).fill(7)',
  'new Uint8Array(value.buffer).fill(7)',
  'new Uint8Array(object[key].buffer, object[key].byteOffset).reverse()',
  'new Uint8Array(value.parent).fill(7)',
  'Atomics.store(value, 0, 7)',
  'Atomics.store(new Uint8Array(value.buffer), value.byteOffset, 7)',
  'structuredClone(value.buffer, { transfer: [value.buffer] })',
  'structuredClone(object, { transfer: [value.buffer, object[key].buffer] })',
  'new MessageChannel().port1.postMessage(value, [value.buffer])',
  'value.buffer.transfer(0)',
  'value.buffer.transferToFixedLength(99)',
  'value.buffer.resize(0)',
  'value.copy(value, 0, 1)',
  'Buffer.alloc(99, 7).copy(value)',
  ...['fill', 'set', 'reverse', 'sort', 'copyWithin'].flatMap((name) => [
    `value.${name}(${name === 'set' ? '[7]' : '7'}, 0)`,
    `Uint8Array.prototype.${name}.call(object[key], ${name === 'set' ? '[7]' : '7'}, 0)`,
    `Uint8Array.prototype.${name}.call(object, 7)`,
  ]),
  ...methodsOf(Buffer.prototype, /write|swap|fill/i).flatMap((name) => [
    `value.${name}(${/Big/.test(name) ? '7n' : '7'}, 0, 1)`,
    `value.${name}('zz')`,
    `Buffer.prototype.${name}.call(object[key], ${/Big/.test(name) ? '7n' : '7'})`,
  ]),
  ...methodsOf(DataView.prototype, /^set/).map(
    (name) => `new DataView(value.buffer).${name}(value.byteOffset, ${/Big/.test(name) ? '7n' : '7'})`,
  ),
]

/** Ways to alter any object by one of its keys; on arrays also by length and by their methods. */
export const objectAttempts = compile(PROPERTY)
export const arrayAttempts = compile([...PROPERTY, ...ARRAY, ...LENGTH])
/** Ways to alter what a property answers, through the value and through its getter. */
export const dateAttempts = compile([...VALUE, ...GETTER, ...DATE])
export const bytesAttempts = compile([...VALUE, ...GETTER, ...BYTES])

function compile(sources: readonly string[]): readonly Attempt[] {
  return sources.flatMap((source) => {
    const sloppy = attempt(source, 'sloppy')
    // Strict mode has no `with`.
    return source.startsWith('with') ? [sloppy] : [sloppy, attempt(source, 'strict')]
  })
}

function attempt(source: string, mode: Attempt['mode']): Attempt {
  const code = `${mode === 'strict' ? "'use strict'; " : ''}const value = object[key]; ${source}`
  const tried = new Function('object', 'key', 'inspect', code)
  return {
    source,
    mode,
    run(object, key) {
      try {
        tried(object, key, inspect)
      } catch {
        // Refused.
      }
    },
  }
}

/** Takes away what attempts put on the prototypes that the whole process has. */
export function undoPollution(): void {
  for (const { prototype } of [Object, Array, Date, Uint8Array, Buffer, Function]) {
    Reflect.deleteProperty(prototype, 'polluted')
  }
}
