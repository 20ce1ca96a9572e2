import type { ApprovalScope } from './approval.ts'
import { fromHex } from './bytes.ts'
import { canonicalJson } from './canonical-json.ts'
import { sha256Hex } from './hash.ts'
import type { Brief } from './notice-statement.ts'
import { characters, isHidden } from './plain-text.ts'
import { accept, refuse, type Result } from './result.ts'

const SALT_BYTES = 32
const HASH_BYTES = 32
const ACCOUNT_CHARACTERS_MAX = 200
/** Marks without a shape of their own, with which two accounts that look alike could differ. */
const SHAPELESS = /[\u00ad\u061c\u180e\u200b-\u200f\u2060-\u2065]/

/**
 * Commitment to a template: SHA-256(32-byte salt || 32-byte template hash), all in lower-case hex.
 *
 * @throws TypeError where salt or hash are not 64 lower-case hex digits: statements are parsed before.
 */
export function templateCommitment(salt: string, templateHash: string): string {
  return sha256Hex(octets(salt, SALT_BYTES), octets(templateHash, HASH_BYTES))
}

/**
 * Commitment to a brief: SHA-256(32-byte salt || canonical brief), in lower-case hex.
 *
 * @throws TypeError where the salt is not 64 lower-case hex digits.
 */
export function briefCommitment(salt: string, brief: Brief): string {
  return sha256Hex(octets(salt, SALT_BYTES), canonicalJson(brief))
}

/**
 * Commitment to what an approval covers: SHA-256(32-byte salt || canonical scope), in lower-case hex.
 *
 * @throws TypeError where the salt is not 64 lower-case hex digits.
 */
export function scopeCommitment(salt: string, scope: ApprovalScope): string {
  return sha256Hex(octets(salt, SALT_BYTES), canonicalJson({ ...scope }))
}

/**
 * Commitment to one customer's signed notice, the content of a commitment line: SHA-256(32-byte salt || signed notice), in hex.
 *
 * @throws TypeError where the salt is not 64 lower-case hex digits.
 */
export function lineCommitment(salt: string, signedNotice: Uint8Array): string {
  return sha256Hex(octets(salt, SALT_BYTES), signedNotice)
}

/**
 * The one spelling of an account name: NFKC, no white space at either end, lower case.
 *
 * A reader types the name and must meet the filer's spelling. Nothing else is changed: a dot or a plus sign in a mail address means
 * something at one company and nothing at another. NFKC is stable for every assigned character, so all engines agree. Refuses
 * `account-invalid`: empty, longer than 200 characters, holding control or invisible characters, or without a stable form.
 */
export function normaliseAccount(account: string): Result<string> {
  // The bound on the input keeps a hostile megabyte out of NFKC, which lets one character grow to eighteen.
  if (account.length > 2 * ACCOUNT_CHARACTERS_MAX)
    return refuse('account-invalid', 'the account is too long')
  if (isHidden(account.trim()) || SHAPELESS.test(account)) {
    return refuse('account-invalid', 'the account holds a control character or an invisible mark')
  }
  const normal = folded(account)
  if (normal === '') return refuse('account-invalid', 'the account is empty')
  if (characters(normal) > ACCOUNT_CHARACTERS_MAX)
    return refuse('account-invalid', 'the account is too long')
  if (folded(normal) !== normal || isHidden(normal)) {
    return refuse('account-invalid', 'the account has no stable spelling')
  }
  return accept(normal)
}

/** Tells whether an account name is in the form that `normaliseAccount` gives. */
export function isNormalAccount(account: string): boolean {
  const normal = normaliseAccount(account)
  return normal.ok && normal.value === account
}

function folded(account: string): string {
  return account.normalize('NFKC').toLowerCase().normalize('NFKC').trim()
}

function octets(text: string, count: number): Uint8Array {
  const bytes = fromHex(text)
  if (bytes?.length !== count) throw new TypeError(`not ${String(count)} bytes of lower-case hex`)
  return bytes
}
