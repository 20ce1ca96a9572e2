import { encryptionKeyAt } from './certificate.ts'
import { instantFor, type ParsedCertificate, readCertificate } from './openpgp.ts'

/** The part of a certificate that is encrypted to. */
export interface EncryptionKey {
  readonly certificate: ParsedCertificate
  /** Of the part: lower-case hex. */
  readonly fingerprint: string
  readonly keyId: ReturnType<ParsedCertificate['key']['getKeyID']>
  /** When the certificate is judged, POSIX seconds. */
  readonly at: number
}

/**
 * Chooses the part of a certificate to encrypt to at an instant, in POSIX seconds.
 *
 * @throws Error where the certificate cannot be read or encrypted to.
 */
export async function chooseEncryptionKey(bytes: Uint8Array, now: number): Promise<EncryptionKey> {
  const parsed = await readCertificate(bytes)
  if (!parsed.ok) throw new Error('the certificate cannot be read')
  const { key, life } = parsed.value
  const at = instantFor(parsed.value, now)
  const chosen = encryptionKeyAt(life, at)
  if ('refusal' in chosen) throw new Error('the certificate cannot be encrypted to')
  const { fingerprint } = chosen
  const part = key.getKeys().find((candidate) => candidate.getFingerprint() === fingerprint) ?? key
  return { certificate: parsed.value, fingerprint, keyId: part.getKeyID(), at }
}
