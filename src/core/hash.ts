import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { concat, hex } from './bytes.ts'

/** SHA-256 of the concatenation of some byte strings: 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return nobleSha256(parts.length === 1 && parts[0] !== undefined ? parts[0] : concat(...parts))
}

/** SHA-256 as 64 lower-case hex digits. */
export function sha256Hex(...parts: readonly Uint8Array[]): string {
  return hex(sha256(...parts))
}

/** HMAC-SHA-256: 32 bytes. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  return hmac(nobleSha256, key, message)
}
