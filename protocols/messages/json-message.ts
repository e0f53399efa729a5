import { getAddress } from 'ethers'
import { z } from 'zod'
import { badField, Fault } from '../rules/fault.ts'

/** One kind of message as a value: its schema, its cap and both directions. */
export interface Message<T> {
  readonly name: string
  /** A longer encoding is refused before anything is allocated for it. */
  readonly maxBytes: number
  /** The value as plain JSON data. @throws Fault `bad-field` when the value breaks the schema. */
  toJson(value: T): unknown
  /** The value that plain JSON data stands for. @throws Fault `bad-field` */
  fromJson(json: unknown): T
  /** @throws Fault `bad-field`, `message-too-large` */
  encode(value: T): Uint8Array
  /** @throws Fault `message-too-large`, `message-garbled`, `bad-field` */
  decode(bytes: Uint8Array): T
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/** What a schema expected of the first field that breaks it, without the words that a fault adds itself. */
export function expectedOf({ issues: [issue] }: z.ZodError): string {
  return (issue?.message ?? 'a valid value').replace(/^(Invalid input: )?expected /, '')
}

function firstIssue(name: string, error: z.ZodError): Fault {
  const field = [name, ...(error.issues[0]?.path ?? [])].join('.')
  return badField(field, expectedOf(error), 'another')
}

function refuseLong(name: string, length: number, maxBytes: number): void {
  if (length <= maxBytes) return
  const message = `${name}: ${length} bytes came, at most ${maxBytes} are taken; send less in one message`
  throw new Fault('message-too-large', message, { message: name, length, maxBytes })
}

/** Reads UTF-8 JSON. @throws Fault `message-garbled` */
export function parseJson(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes))
  } catch {
    throw new Fault('message-garbled', `${name}: expected JSON in UTF-8`, {
      message: name,
      length: bytes.length,
    })
  }
}

/** Makes a message of a schema; `maxBytes` is the cap on its encoding. */
export function defineMessage<S extends z.ZodType>(
  name: string,
  maxBytes: number,
  schema: S,
): Message<z.output<S>> {
  const fromJson = (json: unknown): z.output<S> => {
    const result = schema.safeParse(json)
    if (!result.success) throw firstIssue(name, result.error)
    return result.data
  }
  const toJson = (value: z.output<S>): unknown => {
    const result = z.safeEncode(schema, value)
    if (!result.success) throw firstIssue(name, result.error)
    return result.data
  }
  return {
    name,
    maxBytes,
    fromJson,
    toJson,
    encode: (value) => {
      const bytes = encoder.encode(JSON.stringify(toJson(value)))
      refuseLong(name, bytes.length, maxBytes)
      return bytes
    },
    decode: (bytes) => {
      refuseLong(name, bytes.length, maxBytes)
      return fromJson(parseJson(name, bytes))
    },
  }
}

const BASE64URL = /^[A-Za-z0-9_-]*$/
const isBytes = (value: unknown): boolean => value instanceof Uint8Array

/**
 * Bytes as unpadded base64url text, from `min` to `max` bytes. The text's length is refused before it is
 * decoded, and a text that is not the one encoding of its bytes is refused, so that equal bytes are equal
 * text.
 */
export function bytesField(min: number, max = min) {
  const text = z
    .string()
    .max(Math.ceil((max * 4) / 3))
    .regex(BASE64URL)
  const bytes = z
    .custom<Uint8Array>(isBytes, 'expected bytes')
    .refine((value) => value.length >= min && value.length <= max, {
      message: min === max ? `expected ${min} bytes` : `expected ${min} to ${max} bytes`,
    })
  return z.codec(text, bytes, {
    decode: (value, context) => {
      const decoded = Uint8Array.from(Buffer.from(value, 'base64url'))
      if (Buffer.from(decoded).toString('base64url') !== value) {
        context.issues.push({ code: 'custom', message: 'expected canonical base64url', input: value })
      }
      return decoded
    },
    encode: (value) => Buffer.from(value).toString('base64url'),
  })
}

/** An account or a contract: 20 bytes of hex, given back with its checksum. */
export function addressField() {
  return z.codec(
    z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'expected an address, 0x and 40 hex digits'),
    z.string(),
    {
      decode: (value, context) => {
        try {
          return getAddress(value)
        } catch {
          context.issues.push({
            code: 'custom',
            message: 'expected an address with a right checksum',
            input: value,
          })
          return value
        }
      },
      encode: (value) => value,
    },
  )
}

/** A hash or a key: 32 bytes of lower-case hex. */
export function hash32Field() {
  return z.string().regex(/^0x[0-9a-f]{64}$/, 'expected 0x and 64 lower-case hex digits')
}

/** An integer from 0 that JSON carries exactly. */
export function naturalField(max: number = Number.MAX_SAFE_INTEGER) {
  return z.int().min(0).max(max)
}
