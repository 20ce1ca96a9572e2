import type { Result } from '#core/result.ts'

/** Encrypts what is mailed. */
export interface MailCipher {
  /**
   * Encrypts a payload to one certificate and to nothing else, so that nobody but its owner reads it: not its sender either.
   *
   * `at` is when, in POSIX seconds, the certificate must be good. Refuses what `inspectCertificate` refuses of an `identifiable` certificate.
   */
  encrypt(mail: {
    readonly certificate: Uint8Array
    readonly payload: Uint8Array
    readonly at: number
  }): Promise<Result<Uint8Array>>
}
