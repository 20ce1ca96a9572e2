import type { Act } from '#core/act.ts'
import { certificatesIn } from '#core/act-certificates.ts'
import { fromBase64 } from '#core/bytes.ts'
import type { CertificateFacts } from '#core/openpgp.ts'
import type { InspectedCertificates } from '#core/party.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'

/**
 * Inspects every certificate in an act's body, and gives the facts that a replay on any later day gives too.
 *
 * @param now POSIX seconds at which they must be fit; `undefined` where they were accepted earlier and only their facts are wanted
 */
export async function inspectCertificates(
  crypto: ServiceCrypto,
  act: Act,
  now: number | undefined,
): Promise<Result<InspectedCertificates>> {
  const facts = new Map<string, CertificateFacts>()
  for (const { certificate, kind } of certificatesIn(act)) {
    const bytes = fromBase64(certificate)
    if (bytes === undefined) return refuse('certificate-malformed')
    const fit =
      now === undefined ? accept(undefined) : await crypto.inspectCertificate(bytes, kind, now)
    if (!fit.ok) return fit
    const lasting = await crypto.inspectCertificate(bytes, kind, undefined)
    if (!lasting.ok) return lasting
    facts.set(certificate, lasting.value)
  }
  return accept(facts)
}
