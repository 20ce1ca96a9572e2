import { challengeAnswer, type ChallengePurpose, challengeText } from '#core/challenge.ts'
import { readArmor } from '#core/packets.ts'
import { accept, type Result } from '#core/result.ts'
import { dayOf } from '#core/time.ts'
import type { Clock } from '#ports/clock.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'

/** What issuing a challenge needs. */
export interface ChallengePorts {
  readonly clock: Clock
  readonly crypto: ServiceCrypto
  readonly origin: string
  readonly challengeSecret: Uint8Array
}

/**
 * Encrypts a challenge to a certificate that is to be enrolled. Nothing is stored: the answer is an HMAC that is computed again.
 *
 * Refuses an unfit certificate with its reason, here where it is uploaded.
 */
export async function issueChallenge(
  ports: ChallengePorts,
  request: {
    readonly armored: string
    readonly purpose: ChallengePurpose
    readonly identifiable: boolean
  },
): Promise<Result<string>> {
  const bytes = readArmor(request.armored, 'PGP PUBLIC KEY BLOCK')
  if (!bytes.ok) return bytes
  const kind =
    request.purpose === 'officer' ? 'officer' : request.identifiable ? 'identifiable' : 'mailbox'
  const now = ports.clock.now()
  const facts = await ports.crypto.inspectCertificate(bytes.value, kind, now)
  if (!facts.ok) return facts
  const { bytes: certificate, fingerprint } = facts.value
  const { purpose } = request
  const day = dayOf(now)
  const answer = challengeAnswer(ports.challengeSecret, { purpose, fingerprint, certificate, day })
  const text = challengeText({
    origin: ports.origin,
    purpose,
    fingerprint,
    answer,
  })
  return accept(await ports.crypto.encryptChallenge(certificate, text))
}
