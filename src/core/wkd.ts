import { sha1 } from '@noble/hashes/legacy.js'
import { utf8 } from './bytes.ts'

const ZBASE32_ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769'

/**
 * The name under which a Web Key Directory keeps the certificates of a mail address: z-base-32 of the SHA-1 of the local part
 * with its ASCII letters in lower case (draft-koch-openpgp-webkey-service, section 3.1). 32 characters.
 *
 * SHA-1 only names a file here: what the file holds is checked by its fingerprint.
 */
export function wkdHash(localPart: string): string {
  const lower = localPart.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  return zbase32(sha1(utf8(lower)))
}

/** A SHA-1 is 160 bits, a whole number of 5-bit characters. */
function zbase32(digest: Uint8Array): string {
  let text = ''
  let value = 0
  let bits = 0
  for (const byte of digest) {
    value = (value << 8) | byte
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ZBASE32_ALPHABET[(value >> bits) & 31] ?? ''
      value &= (1 << bits) - 1
    }
  }
  return text
}
