import { fromBase64 } from '#core/bytes.ts'
import type { Result } from '#core/result.ts'
import type { RecipientRecord } from './recipient-record.ts'

/** Looks for the certificate of a mail address where the settings of the relay allow it: at the address's own domain, unless they name more. */
export interface KeyFinder {
  findCertificate(address: string): Promise<Result<FoundKey>>
}

/** What was found for an address. */
export interface FoundKey {
  readonly use?: { readonly certificate: Uint8Array }
  /** What somebody has to look at before anything is encrypted to this address. */
  readonly warning?: keyof typeof WARNED
  readonly refused: readonly { readonly reason: string }[]
  readonly silences: readonly unknown[]
}

/** The key that a mail is encrypted to, or why it waits, or why there is none. */
export type Key =
  | { readonly kind: 'use'; readonly certificate: Uint8Array | undefined }
  | { readonly kind: 'held' | 'none'; readonly reason: string }

const WARNED = {
  changed: 'key-changed',
  differing: 'key-differing',
  unfit: 'key-unfit',
  unverified: 'key-unverified',
} as const

const SILENT = 'key-directory-silent'

/** Why a mail waits for a key. */
export const KEY_HOLDS: readonly string[] = [...Object.values(WARNED), SILENT]

/** The key for a recipient: the one that the company gave, or the one that is found. Another key than the one before is never taken by itself. */
export async function keyFor(
  finder: KeyFinder,
  { address, certificate }: RecipientRecord & { readonly address: string },
): Promise<Key> {
  if (certificate !== undefined) return { kind: 'use', certificate: fromBase64(certificate) }
  const found = await finder.findCertificate(address)
  if (!found.ok) return { kind: 'none', reason: found.refusal.reason }
  const { refused, silences, use, warning } = found.value
  if (warning !== undefined) return { kind: 'held', reason: WARNED[warning] }
  if (use !== undefined) return { kind: 'use', certificate: use.certificate }
  if (silences.length > 0) return { kind: 'held', reason: SILENT }
  return { kind: 'none', reason: refused[0]?.reason ?? 'certificate-missing' }
}
