import type { MailAddress } from '#core/mail-address.ts'

/** The certificate that is used for an address. */
export interface CertificatePin {
  /** Of its primary key, lower-case hex. */
  readonly fingerprint: string
  readonly certificate: Uint8Array
  /** When the directories were asked last: POSIX seconds. */
  readonly refreshedAt: number
  /** Why this key is believed to be the address's. */
  readonly basis: 'first-use' | 'old-key' | 'second-channel'
}

/**
 * The certificates that were used, encrypted at rest as mails are.
 *
 * @throws Unavailable from both methods where the database failed.
 */
export interface CertificatePins {
  read(address: MailAddress): Promise<CertificatePin | undefined>
  /** Durable when it resolves. */
  write(address: MailAddress, pin: CertificatePin): Promise<void>
}
