const HEX_OF_BYTE = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
const HEX = /^[0-9a-f]*$/
/** A class without groups: the regular expression must not need a stack as long as its input. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const BASE32_ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'
const BASE64_CODES = new TextEncoder().encode(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
)
const PADDING = 0x3d
const ASCII = new TextDecoder()
const UTF8 = new TextEncoder()

/** Encodes text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return UTF8.encode(text)
}

/** Decodes strict UTF-8 and keeps a leading byte order mark; `undefined` where the bytes are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Lower-case hex of some bytes. */
export function hex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX_OF_BYTE[byte] ?? ''
  return text
}

/** Reads lower-case hex; `undefined` for anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !HEX.test(text)) return undefined
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = hexDigit(text.charCodeAt(i * 2)) * 16 + hexDigit(text.charCodeAt(i * 2 + 1))
  }
  return bytes
}

/** The value of a character that is known to be a hex digit: `0` is 48, `a` is 97. */
function hexDigit(code: number): number {
  return code < 58 ? code - 48 : code - 87
}

/** Standard base64 with padding (RFC 4648 section 4). */
export function base64(bytes: Uint8Array): string {
  const { length } = bytes
  const text = new Uint8Array(Math.ceil(length / 3) * 4)
  let at = 0
  for (let i = 0; i < length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text[at] = BASE64_CODES[group >> 18] ?? 0
    text[at + 1] = BASE64_CODES[(group >> 12) & 63] ?? 0
    text[at + 2] = BASE64_CODES[(group >> 6) & 63] ?? 0
    text[at + 3] = BASE64_CODES[group & 63] ?? 0
    at += 4
  }
  if (length % 3 === 1) text[at - 2] = PADDING
  if (length % 3 !== 0) text[at - 1] = PADDING
  return ASCII.decode(text)
}

/**
 * Reads canonical base64 only; `undefined` for anything else.
 *
 * `atob` and `Buffer` accept several spellings of the same bytes, which would give one object several hashes.
 */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return undefined
  const binary = atob(text)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return lastGroup(bytes) === text.slice(-4) ? bytes : undefined
}

/** The last four characters of the base64 of some bytes: the only place where two spellings can differ. */
function lastGroup(bytes: Uint8Array): string {
  return base64(
    bytes.subarray(
      bytes.length - (bytes.length % 3 === 0 ? Math.min(3, bytes.length) : bytes.length % 3),
    ),
  )
}

/** Base32 in lower case without padding (RFC 4648 section 6). */
export function base32(bytes: Uint8Array): string {
  let text = ''
  let value = 0
  let bits = 0
  for (const byte of bytes) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += BASE32_ALPHABET[(value >> bits) & 31] ?? ''
      value &= (1 << bits) - 1
    }
  }
  return bits > 0 ? text + (BASE32_ALPHABET[(value << (5 - bits)) & 31] ?? '') : text
}

/** Joins byte strings. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

/** Tells whether two byte strings are the same; not constant-time, so never for secrets. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
