import {
  ARRAY,
  BIGINT,
  BYTES,
  DATE,
  double,
  doubleBytes,
  FALSE,
  HEADER,
  INTEGER,
  NULL,
  NUMBER,
  OBJECT,
  SHORT_TEXT,
  TEXT,
  TRUE,
  UTF16,
} from './value-tags.ts'

/**
 * Reads values in the order in which they were written.
 * @throws RangeError for bytes that no writer has written. What is behind a checksum needs no more.
 */
export function createValueReader(): {
  /** Begins with these bytes, from `from` to `end`. */
  begin(bytes: Buffer, from: number, end: number): void
  read(): unknown
} {
  let bytes: Buffer = Buffer.alloc(0)
  let at = 0
  let texts = ''
  let textAt = 0

  function count(): number {
    const value = bytes.readUInt32LE(at)
    at += 4
    return value
  }

  function readDouble(): number {
    for (let index = 0; index < 8; index++) doubleBytes[index] = bytes[at + index]!
    at += 8
    return double[0]!
  }

  function text(length: number): string {
    const end = textAt + length
    if (end > texts.length) throw new RangeError('texts are missing')
    const value = texts.slice(textAt, end)
    textAt = end
    return value
  }

  function readBytes(): Buffer {
    const length = count()
    if (at + length > bytes.length) throw new RangeError('bytes are missing')
    // A copy: what a store hands out lasts until its next answer.
    const value = Buffer.from(bytes.subarray(at, at + length))
    at += length
    return value
  }

  function readObject(): object {
    const members = count()
    const value: Record<string, unknown> = {}
    for (let index = 0; index < members; index++) {
      const name = readValue() as string
      const part = readValue()
      // Assigned, it would be the object's prototype.
      if (name === '__proto__') {
        Object.defineProperty(value, name, {
          value: part,
          enumerable: true,
          configurable: true,
          writable: true,
        })
      } else value[name] = part
    }
    return value
  }

  function readValue(): unknown {
    switch (bytes[at++]) {
      case NULL:
        return null
      case TRUE:
        return true
      case FALSE:
        return false
      case INTEGER: {
        const value = bytes.readInt32LE(at)
        at += 4
        return value
      }
      case NUMBER:
        return readDouble()
      case SHORT_TEXT:
        return text(bytes[at++]!)
      case TEXT:
        return text(count())
      case BIGINT:
        return BigInt(text(count()))
      case DATE:
        return new Date(readDouble())
      case BYTES:
        return readBytes()
      case ARRAY: {
        const length = count()
        const value: unknown[] = []
        for (let index = 0; index < length; index++) value.push(readValue())
        return value
      }
      case OBJECT:
        return readObject()
      default:
        throw new RangeError('no value begins here')
    }
  }

  return {
    begin(given, from, end) {
      bytes = given
      const split = from + HEADER + given.readUInt32LE(from + 1)
      if (split > end) throw new RangeError('values are missing')
      at = from + HEADER
      texts =
        given[from] === UTF16 ? given.toString('utf16le', split, end) : given.toString('latin1', split, end)
      textAt = 0
    },
    read: readValue,
  }
}
