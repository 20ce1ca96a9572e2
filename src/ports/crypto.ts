import type { Arithmetic } from '#core/arithmetic.ts'
import type { CertificateKind } from '#core/certificate-kind.ts'
import type { CertificateFacts, VerifiedSignature } from '#core/openpgp.ts'
import type { Result } from '#core/result.ts'
import { Unavailable } from './storage.ts'

/** There is more to compute than may wait: 503 to the client, nothing was begun, and repeating the request a little later is safe. */
export class Overloaded extends Unavailable {
  override readonly name = 'Overloaded'
}

/**
 * OpenPGP arithmetic for the server, and the service's own key.
 *
 * @throws Unavailable where an implementation computes in another thread and that failed, Overloaded where too much waits there.
 */
export interface ServiceCrypto {
  /** What core's own functions may be given to compute with; absent where OpenPGP.js computes. */
  readonly arithmetic?: Arithmetic | undefined
  /** As `verifySignature` of core/openpgp.ts, with its refusals. */
  verifySignature(args: {
    payload: Uint8Array
    signature: Uint8Array
    certificate: Uint8Array
    validAt: readonly number[]
  }): Promise<Result<VerifiedSignature>>
  /** As `inspectCertificate` of core/openpgp.ts, with its refusals; `now` as there. */
  inspectCertificate(
    bytes: Uint8Array,
    kind: CertificateKind,
    now: number | undefined,
  ): Promise<Result<CertificateFacts>>
  /**
   * Encrypts a challenge to a certificate that `inspectCertificate` just accepted: an armored OpenPGP message, not signed.
   *
   * @throws Error where the certificate has no key to encrypt to.
   */
  encryptChallenge(certificate: Uint8Array, plaintext: string): Promise<string>
  /** Signs bytes as the service: one binary signature packet of type 0x00, dated now. */
  signAsService(payload: Uint8Array): Promise<Uint8Array>
  /** The service's own certificate, binary. */
  readonly serviceCertificate: Uint8Array
}
