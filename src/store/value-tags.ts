/** What a value in an entry begins with. */
export const NULL = 0
export const TRUE = 1
export const FALSE = 2
export const INTEGER = 3
export const NUMBER = 4
export const SHORT_TEXT = 5
export const TEXT = 6
export const BIGINT = 7
export const DATE = 8
export const BYTES = 9
export const ARRAY = 10
export const OBJECT = 11

/** Texts stand together behind the other values, in one of two encodings, so that reading them is one call. */
export const LATIN1 = 0
export const UTF16 = 1

/** The encoding, and how many bytes the values take without their texts. */
export const HEADER = 5

/** For the eight bytes of a double. */
export const double = new Float64Array(1)
export const doubleBytes = new Uint8Array(double.buffer)
