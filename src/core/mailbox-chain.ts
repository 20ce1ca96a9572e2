import { fromBase64 } from './bytes.ts'
import { mailboxId } from './mailbox.ts'
import {
  type CertificateFacts,
  inspectCertificate,
  readSignature,
  verifySignature,
} from './openpgp.ts'
import { readArmor } from './packets.ts'
import type { MailboxLink } from './receipt.ts'
import type { ParsedAct } from './act.ts'
import { accept, refuse, type Result } from './result.ts'
import type { ReadAct } from './verify-act.ts'

/** The keys of a mailbox, from the one its id names to the current one. */
export interface MailboxChain {
  readonly id: string
  /** Certificates in order; the last one is current. */
  readonly certificates: readonly Uint8Array[]
  /** What was found out about the current one. */
  readonly facts: CertificateFacts
  /** The certificate that was current when an act of the chain was made. */
  certificateBefore(act: string): Uint8Array | undefined
}

/** Whose chain it must be. */
export interface MailboxClaim {
  readonly id: string
  readonly links: readonly MailboxLink[]
  readonly origin: string
  readonly parse: ReadAct
}

/**
 * Verifies the chain of a mailbox: its id names the first key, and each later key was put there by the one before it.
 *
 * So an operator can neither put another key behind an id nor add one to the chain; leaving the newest out is what pins are for.
 * Refuses `chain-broken` and what a certificate or signature is refused for.
 */
export async function verifyMailboxChain(claim: MailboxClaim): Promise<Result<MailboxChain>> {
  const certificates: Uint8Array[] = []
  const ids: string[] = []
  let facts: CertificateFacts | undefined
  for (const [position, link] of claim.links.entries()) {
    const parsed = openLink(claim, link)
    if (!parsed.ok) return parsed
    const offered = await offeredBy(claim, parsed.value, position)
    if (!offered.ok) return offered
    const signer = certificates.at(-1) ?? offered.value.bytes
    const signed = await isSignedBy(parsed.value, link.signatures, signer)
    if (!signed.ok) return signed
    certificates.push(offered.value.bytes)
    ids.push(parsed.value.id)
    facts = offered.value
  }
  if (facts === undefined) return refuse('chain-broken', 'a mailbox has an enrolment')
  return accept({
    id: claim.id,
    certificates,
    facts,
    certificateBefore: (act) => certificates[ids.indexOf(act) - 1],
  })
}

function openLink(claim: MailboxClaim, link: MailboxLink): Result<ParsedAct> {
  const payload = fromBase64(link.payload)
  if (payload === undefined) return refuse('chain-broken')
  const parsed = claim.parse(payload)
  if (!parsed.ok) return parsed
  return parsed.value.act.origin === claim.origin
    ? parsed
    : refuse('chain-broken', 'a link belongs to another coalition')
}

/** The certificate that a link puts behind the mailbox. */
async function offeredBy(
  claim: MailboxClaim,
  parsed: ParsedAct,
  position: number,
): Promise<Result<CertificateFacts>> {
  const { act } = parsed
  if (position === 0) {
    if (act.type !== 'mailbox.enrol')
      return refuse('chain-broken', 'a chain begins with the enrolment')
    const facts = await inspect(
      act.body.certificate,
      act.body.identifiable ? 'identifiable' : 'mailbox',
    )
    if (!facts.ok) return facts
    const names =
      act.body.mailbox === claim.id &&
      mailboxId(facts.value.fingerprint, act.body.salt) === claim.id
    return names ? facts : refuse('chain-broken', 'the mailbox id does not name this key')
  }
  if (act.type !== 'mailbox.rotate' || !('mailbox' in act.by) || act.by.mailbox !== claim.id)
    return refuse('chain-broken')
  return await inspect(act.body.certificate, 'mailbox')
}

async function inspect(
  certificate: string,
  kind: 'identifiable' | 'mailbox',
): Promise<Result<CertificateFacts>> {
  const bytes = fromBase64(certificate)
  return bytes === undefined
    ? refuse('chain-broken')
    : await inspectCertificate(bytes, kind, undefined)
}

async function isSignedBy(
  parsed: ParsedAct,
  signatures: readonly string[],
  certificate: Uint8Array,
): Promise<Result<void>> {
  const [armored, ...more] = signatures
  if (armored === undefined || more.length > 0)
    return refuse('chain-broken', 'a link has one signature')
  const packet = readArmor(armored, 'PGP SIGNATURE')
  if (!packet.ok) return packet
  const signature = readSignature(packet.value)
  if (!signature.ok) return signature
  const verified = await verifySignature({
    payload: parsed.payload,
    signature: packet.value,
    certificate,
    validAt: [],
  })
  return verified.ok
    ? accept(undefined)
    : refuse('chain-broken', 'a link is not signed by the key before it')
}
