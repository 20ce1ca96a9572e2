import { type Author, authorOf, type ParsedAct } from './act.ts'
import type { Arithmetic } from './arithmetic.ts'
import { fromBase64 } from './bytes.ts'
import { type Directory, ownerOf } from './directory.ts'
import { readSignature, type VerifiedSignature, verifySignature } from './openpgp.ts'
import { readArmor } from './packets.ts'
import { mayCosign, stillCounts } from './quorum.ts'
import type { ActRecord } from './record.ts'
import { accept, refuse, type Result } from './result.ts'
import { DAY_SECONDS, parseInstant } from './time.ts'

/** Reads the bytes of an act; given by the caller because the schemas live outside core. */
export type ReadAct = (payload: Uint8Array) => Result<ParsedAct>

/** How old a signature may have been when it arrived, in whole days of the record, and how far ahead. */
const CUSTOMER_DAYS_MAX = 2
const PARTY_DAYS_MAX = 1
const SKEW_SECONDS_MAX = 300
/** An act waits at most this long for its last signature. */
const WAITING_DAYS_MAX = 31

/** A signature of a recorded act, and whose it is. */
export interface RecordedSignature {
  readonly verified: VerifiedSignature
  /** Primary fingerprint. */
  readonly fingerprint: string
  /** The signer's party, or ''. */
  readonly party: string
}

/** A recorded act and what its signatures are held against. */
export interface RecordedAct {
  readonly parsed: ParsedAct
  readonly record: ActRecord
  readonly signatures: readonly string[]
  /** The roster at the head that the record names. */
  readonly directory: Directory
  /** Certificate of the mailbox or key that the act is by, where it is by one. */
  readonly certificate?: Uint8Array
}

/** A recorded act, or one about to be recorded on a day. */
export type SigningRecord = Pick<RecordedAct, 'certificate' | 'directory' | 'parsed'> & {
  readonly record: Pick<ActRecord, 'day'>
}

/**
 * Verifies the signatures that a log record counted: exactly those, each good, timely for the record's day, and by a signer who was
 * entitled under the roster.
 *
 * Refuses `receipt-signature-wrong` and what a signature is refused for.
 */
export async function verifyActSignatures(
  recorded: RecordedAct,
): Promise<Result<readonly RecordedSignature[]>> {
  const verified: RecordedSignature[] = []
  for (const armored of recorded.signatures) {
    const one = await verifyRecorded(recorded, armored)
    if (!one.ok) return one
    verified.push(one.value)
  }
  const hashes = verified.map((one) => one.verified.packetHash).toSorted()
  const named =
    recorded.record.signatures.join() === hashes.join() && new Set(hashes).size === hashes.length
  return named && (hashes.length > 0 || recorded.record.event !== 'adopted')
    ? accept(verified)
    : refuse('receipt-signature-wrong', 'the signatures are not those that the record counted')
}

/**
 * Verifies one signature as every later reader of the record will: the server asks this before it counts a signature that came earlier.
 *
 * Refuses what a signature is refused for, `signer-not-entitled`, `signature-stale`.
 */
export async function verifyRecorded(
  recorded: SigningRecord,
  armored: string,
  arithmetic?: Arithmetic,
): Promise<Result<RecordedSignature>> {
  const packet = readArmor(armored, 'PGP SIGNATURE')
  if (!packet.ok) return packet
  const signature = readSignature(packet.value)
  if (!signature.ok) return signature
  const signer = findSigner(recorded, signature.value.issuer)
  if (!signer.ok) return signer
  const { certificate, party } = signer.value
  const verified = await verifySignature(
    { payload: recorded.parsed.payload, signature: packet.value, certificate, validAt: [] },
    arithmetic,
  )
  if (!verified.ok) return verified
  const isCustomer = isByCustomer(recorded.parsed.act.by)
  return isTimelyFor(recorded.record.day, verified.value.createdAt, isCustomer)
    ? accept({ verified: verified.value, fingerprint: verified.value.fingerprint, party })
    : refuse('signature-stale')
}

function isByCustomer(by: Author): boolean {
  return 'mailbox' in by || 'key' in by
}

function findSigner(
  recorded: SigningRecord,
  issuer: string,
): Result<{ certificate: Uint8Array; party: string }> {
  const { directory, parsed } = recorded
  const { kind, name } = authorOf(parsed.act.by)
  switch (kind) {
    case 'party':
      return findOfficer(recorded, issuer)
    case 'service': {
      const certificate = fromBase64(
        directory.serviceCertificates.get(directory.serviceFingerprint) ?? '',
      )
      const stands =
        name === directory.origin && certificate !== undefined && certificate.length > 0
      return stands ? accept({ certificate, party: '' }) : refuse('signature-not-accepted')
    }
    case 'key':
    case 'mailbox':
      return recorded.certificate === undefined
        ? refuse('signature-not-accepted')
        : accept({ certificate: recorded.certificate, party: '' })
  }
}

function findOfficer(
  recorded: SigningRecord,
  issuer: string,
): Result<{ certificate: Uint8Array; party: string }> {
  const { directory, parsed } = recorded
  const owner = ownerOf(directory, issuer)
  const certificate = fromBase64(owner?.officer.certificate ?? '')
  if (owner === undefined || certificate === undefined) return refuse('signature-not-accepted')
  if (!stillCounts(directory, issuer, parsed.act.type)) return refuse('signer-not-entitled')
  const isAuthor = 'party' in parsed.act.by && parsed.act.by.party === owner.party.domain
  return isAuthor || mayCosign(owner.party, parsed.act)
    ? accept({ certificate, party: owner.party.domain })
    : refuse('signer-not-entitled')
}

/**
 * Tells whether a signature fits the day on which its act was recorded. A record of an act that waited for others is younger than its
 * first signatures by as long as an act may wait.
 */
function isTimelyFor(day: string, createdAt: number, isCustomer: boolean): boolean {
  const end = endOfDay(day)
  const daysMax = isCustomer ? CUSTOMER_DAYS_MAX : PARTY_DAYS_MAX + WAITING_DAYS_MAX
  return createdAt <= end + SKEW_SECONDS_MAX && createdAt >= end - (daysMax + 1) * DAY_SECONDS
}

/** POSIX seconds of the last second of a UTC day. */
export function endOfDay(day: string): number {
  return (parseInstant(`${day}T00:00:00Z`) ?? 0) + DAY_SECONDS - 1
}
