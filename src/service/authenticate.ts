import { authorOf, type ParsedAct } from '#core/act.ts'
import { fromBase64 } from '#core/bytes.ts'
import { type Directory, type Officer, ownerOf, type Party } from '#core/directory.ts'
import type { Subjects } from '#core/decision.ts'
import type { VerifiedSignature } from '#core/openpgp.ts'
import { readSignature } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import type { InspectedCertificates } from '#core/party.ts'
import { checkOfficer, mayCosign } from '#core/quorum.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS, midnightOf } from '#core/time.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'

/** A signature may be this old when it arrives, so that offline signers can work. */
export const SIGNATURE_AGE_SECONDS_MAX = DAY_SECONDS
/** The same for customers, whose signatures are dated midnight. */
export const CUSTOMER_AGE_SECONDS_MAX = 2 * DAY_SECONDS
/** A signer's clock may run ahead by this much. */
export const SKEW_SECONDS_MAX = 300

/** A signature that stands under this act: good, timely, and by somebody entitled to make it. */
export interface EntitledSignature {
  readonly verified: VerifiedSignature
  /** The signer's party, or '' for mailboxes, keys and the service. */
  readonly party: string
}

/** What a signature is held against. */
export interface SigningContext {
  readonly crypto: ServiceCrypto
  readonly directory: Directory
  readonly subjects: Subjects
  readonly certificates: InspectedCertificates
  /** POSIX seconds. */
  readonly now: number
}

interface Signer {
  readonly certificate: Uint8Array
  readonly party: string
  readonly customer: boolean
  /** Why a good signature by this signer may still not stand. */
  entitled(): Result<void>
}

/**
 * Verifies one armored signature under an act.
 *
 * Until it has verified against an enrolled certificate every refusal but those of the text itself is `signature-not-accepted`;
 * after that the reason is named.
 */
export async function authenticate(
  context: SigningContext,
  parsed: ParsedAct,
  armored: string,
): Promise<Result<EntitledSignature>> {
  const packet = readArmor(armored, 'PGP SIGNATURE')
  if (!packet.ok) return packet
  const signature = readSignature(packet.value)
  if (!signature.ok) return signature
  const signer = findSigner(context, parsed, signature.value.issuer)
  if (signer === undefined) return refuse('signature-not-accepted')
  const verified = await context.crypto.verifySignature({
    payload: parsed.payload,
    signature: signature.value.packet,
    certificate: signer.certificate,
    validAt: [context.now],
  })
  if (!verified.ok) return verified
  const allowed = checkTimes(verified.value.createdAt, signer.customer, context.now)
  if (!allowed.ok) return allowed
  const entitled = signer.entitled()
  return entitled.ok ? accept({ verified: verified.value, party: signer.party }) : entitled
}

function findSigner(
  context: SigningContext,
  parsed: ParsedAct,
  issuer: string,
): Signer | undefined {
  const { kind, name } = authorOf(parsed.act.by)
  switch (kind) {
    case 'party':
      return findOfficer(context.directory, parsed, issuer)
    case 'mailbox':
      return findMailbox(context.subjects, name, issuer)
    case 'key':
      return findKey(context.certificates, name, issuer)
    case 'service':
      return findService(context.directory, name)
  }
}

function findOfficer(directory: Directory, parsed: ParsedAct, issuer: string): Signer | undefined {
  const owner = ownerOf(directory, issuer)
  const certificate = fromBase64(owner?.officer.certificate ?? '')
  if (owner === undefined || certificate === undefined) return undefined
  return {
    certificate,
    party: owner.party.domain,
    customer: false,
    entitled: () => checkEntitled(owner, parsed),
  }
}

function checkEntitled(owner: { party: Party; officer: Officer }, parsed: ParsedAct): Result<void> {
  const { act } = parsed
  const isAuthor = 'party' in act.by && act.by.party === owner.party.domain
  const officer = checkOfficer(owner, act.type)
  if (!officer.ok) return officer
  return isAuthor || mayCosign(owner.party, act) ? accept(undefined) : refuse('signer-not-entitled')
}

function findMailbox(subjects: Subjects, id: string, issuer: string): Signer | undefined {
  const mailbox = subjects.get('mailbox', id)
  if (mailbox === undefined || !mailbox.keys.includes(issuer)) return undefined
  return customer(mailbox.certificate)
}

function findKey(
  certificates: InspectedCertificates,
  fingerprint: string,
  issuer: string,
): Signer | undefined {
  const offered = [...certificates].find(
    ([, facts]) => facts.fingerprint === fingerprint && facts.provenKeys.includes(issuer),
  )
  return offered === undefined ? undefined : customer(offered[0])
}

function customer(certificate: string): Signer | undefined {
  const bytes = fromBase64(certificate)
  if (bytes === undefined) return undefined
  return { certificate: bytes, party: '', customer: true, entitled: () => accept(undefined) }
}

/** Only the certificate that the charter names signs for the service. */
function findService(directory: Directory, name: string): Signer | undefined {
  const certificate = fromBase64(directory.charter?.service_certificate ?? '')
  if (name !== directory.origin || certificate === undefined || certificate.length === 0)
    return undefined
  return { certificate, party: '', customer: false, entitled: () => accept(undefined) }
}

/** Checks a signature's age in whole seconds; both limits are inclusive. Customers' signatures are dated midnight UTC. */
export function checkTimes(createdAt: number, isCustomer: boolean, now: number): Result<void> {
  const ageSeconds = now - createdAt
  if (isCustomer && midnightOf(createdAt) !== createdAt) return refuse('signature-not-midnight')
  if (ageSeconds < -SKEW_SECONDS_MAX) return refuse('signature-from-future')
  const oldest = isCustomer ? CUSTOMER_AGE_SECONDS_MAX : SIGNATURE_AGE_SECONDS_MAX
  return ageSeconds <= oldest ? accept(undefined) : refuse('signature-stale')
}
