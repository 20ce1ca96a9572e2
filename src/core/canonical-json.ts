import { fromUtf8, sameBytes, utf8 } from './bytes.ts'
import { accept, refuse, type Result } from './result.ts'

/** A value that canonical JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject

/** An object of canonical JSON; its keys match `[a-z][a-z0-9_]*`. */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

const KEY = /^[a-z][a-z0-9_]*$/
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const CONTROL = /[\u0000-\u001f\u007f]/
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/
const DEPTH_MAX = 16

/**
 * Serialises a value in RFC 8785 canonical form, within the profile of DESIGN section 4.
 *
 * Keys are ASCII, so sorting by UTF-16 code units (RFC 8785) and by bytes (jq) agree. Members that are `undefined` are left out.
 *
 * @throws TypeError for a value outside the profile: a programming error here, since input goes through `readCanonical`.
 */
export function canonicalJson(value: Json): Uint8Array {
  return utf8(canonicalText(value, 0))
}

/**
 * Reads bytes that must be their own canonical form.
 *
 * Duplicate keys, other number spellings, white space and unsorted keys all differ from the canonical form and are refused by one comparison.
 * Refuses `act-not-utf8`, `act-not-json`, `act-not-canonical`.
 */
export function readCanonical(bytes: Uint8Array): Result<Json> {
  const text = fromUtf8(bytes)
  if (text === undefined) return refuse('act-not-utf8')
  let value: Json
  try {
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- JSON.parse yields exactly Json
    value = JSON.parse(text)
  } catch {
    return refuse('act-not-json')
  }
  try {
    return sameBytes(canonicalJson(value), bytes) ? accept(value) : refuse('act-not-canonical')
  } catch {
    return refuse('act-not-canonical')
  }
}

function canonicalText(value: Json, depth: number): string {
  if (depth > DEPTH_MAX) throw new TypeError('nested too deeply')
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return canonicalNumber(value)
  if (typeof value === 'string') return canonicalString(value)
  if (isArray(value)) return `[${value.map((item) => canonicalText(item, depth + 1)).join(',')}]`
  const members = Object.entries(value)
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
  for (const [key] of members) if (!KEY.test(key)) throw new TypeError('a key outside the profile')
  return `{${members.map(([key, item]) => `"${key}":${canonicalText(item, depth + 1)}`).join(',')}}`
}

function canonicalNumber(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0))
    throw new TypeError('not a safe integer')
  return String(value)
}

function canonicalString(value: string): string {
  if (CONTROL.test(value) || LONE_SURROGATE.test(value))
    throw new TypeError('a character outside the profile')
  return JSON.stringify(value)
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
