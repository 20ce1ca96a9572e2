import { certificateFor, mergeCertificates, piecesOf } from '#core/address-certificate.ts'
import { type CertificateLife, keysOf } from '#core/certificate.ts'
import { formatAddress, type MailAddress } from '#core/mail-address.ts'
import { inspectCertificate, readCertificate, verifySignature } from '#core/openpgp.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS } from '#core/time.ts'
import { utf8 } from '#core/bytes.ts'
import type { CertificatePin, CertificatePins } from '#ports/certificate-pins.ts'
import type { Clock } from '#ports/clock.ts'
import type { DirectoryFailure, KeyDirectory } from '#ports/key-directory.ts'

/** What finding certificates needs. */
export interface FindCertificatePorts {
  readonly clock: Clock
  readonly directories: readonly KeyDirectory[]
  readonly pins: CertificatePins
}

/** A certificate that a directory has for an address, reduced to that address. */
export interface Copy {
  readonly kind: KeyDirectory['kind']
  readonly host: string
  readonly fingerprint: string
  readonly certificate: Uint8Array
}

/** A directory that gave no answer. */
export interface Silence {
  readonly kind: KeyDirectory['kind']
  readonly host: string
  readonly reason: DirectoryFailure
}

/** A certificate that a directory has and that is none for the address. */
export interface RefusedCopy {
  readonly kind: KeyDirectory['kind']
  readonly host: string
  readonly reason: RefusalReason
}

/** What was found for an address. Without `use` nothing is encrypted to it, and the product line is the notice. */
export interface Discovery {
  readonly use?: {
    readonly certificate: Uint8Array
    readonly fingerprint: string
    readonly basis: CertificatePin['basis']
    /** POSIX seconds; null means never. */
    readonly expiresAt: number | null
  }
  /**
   * What a person should look at. `changed`: a directory has another key than the one used so far, which stays the one that is used.
   * `differing`: directories have different keys. `unverified`: only a server to which anybody uploads has one. `unfit`: the key used so far
   * has expired, was revoked, …
   */
  readonly warning?: 'changed' | 'differing' | 'unfit' | 'unverified'
  readonly reason?: RefusalReason
  readonly copies: readonly Copy[]
  /** Certificates that were found and cannot be used at all: weak, malformed, for another address. */
  readonly refused: readonly RefusedCopy[]
  readonly silences: readonly Silence[]
}

/** How somebody knows that a new key is right. */
export type Confirmation =
  /** A detached signature by the key used so far over `keyChange`. */
  | { readonly kind: 'old-key'; readonly signature: Uint8Array }
  /** The full fingerprint, as its owner told it by telephone or in person. */
  | { readonly kind: 'second-channel'; readonly fingerprint: string }

const FRESH_SECONDS = DAY_SECONDS

/**
 * Finds the certificate to encrypt to for an address.
 *
 * The first key that its own domain, or a server that verifies addresses, has is pinned. From then on that key alone is used: other copies of
 * it add to it, and take nothing away; another key is reported and never used until `confirmCertificate`. Directories are asked once a day.
 *
 * @throws Unavailable
 */
export async function findCertificate(
  ports: FindCertificatePorts,
  address: MailAddress,
): Promise<Discovery> {
  const now = ports.clock.now()
  const pin = await ports.pins.read(address)
  if (pin !== undefined && Math.abs(now - pin.refreshedAt) < FRESH_SECONDS)
    return await judged(pin, now, { copies: [], refused: [], silences: [] })
  const asked = await askAll(ports.directories, address)
  if (pin !== undefined) return await refreshed(ports, { address, now, pin }, asked)
  const trusted = asked.copies.filter(({ kind }) => kind !== 'hkp')
  const [first] = trusted
  if (first === undefined)
    return asked.copies.length > 0 ? { warning: 'unverified', ...asked } : asked
  if (trusted.some(({ fingerprint }) => fingerprint !== first.fingerprint))
    return { warning: 'differing', ...asked }
  const certificate = await allOf(first.certificate, asked.copies)
  const fresh = {
    fingerprint: first.fingerprint,
    certificate,
    refreshedAt: now,
    basis: 'first-use',
  } as const
  const discovery = await judged(fresh, now, asked)
  if (discovery.use !== undefined) await ports.pins.write(address, fresh)
  return discovery
}

/**
 * Takes a new key for an address, after its owner has confirmed it: with the key used so far, or by a second channel.
 *
 * Refuses `key-missing` where no directory has it, `signature-not-accepted` and what else speaks against the old key's signature, and what
 * speaks against encrypting to the new one.
 *
 * @throws Unavailable
 */
export async function confirmCertificate(
  ports: FindCertificatePorts,
  address: MailAddress,
  change: { readonly fingerprint: string; readonly confirmation: Confirmation },
): Promise<Result<void>> {
  const now = ports.clock.now()
  const { confirmation, fingerprint } = change
  const { copies } = await askAll(ports.directories, address)
  const copy = copies.find((one) => one.fingerprint === fingerprint)
  if (copy === undefined) return refuse('key-missing')
  if (confirmation.kind === 'second-channel' && confirmation.fingerprint !== fingerprint)
    return refuse('certificate-mismatch')
  if (confirmation.kind === 'old-key') {
    const pin = await ports.pins.read(address)
    if (pin === undefined) return refuse('key-missing')
    const payload = keyChange(address, { from: pin.fingerprint, to: fingerprint })
    const { signature } = confirmation
    const verified = await verifySignature({
      payload,
      signature,
      certificate: pin.certificate,
      validAt: [now],
    })
    if (!verified.ok) return verified
  }
  const certificate = await allOf(copy.certificate, copies)
  const inspected = await inspectCertificate(certificate, 'identifiable', now)
  if (!inspected.ok) return inspected
  const basis = confirmation.kind
  await ports.pins.write(address, { fingerprint, certificate, refreshedAt: now, basis })
  return accept(undefined)
}

/** What the owner of an address signs with the old key to say that a new one is theirs. */
export function keyChange(
  address: MailAddress,
  change: { readonly from: string; readonly to: string },
): Uint8Array {
  return utf8(`dunant-key-change-v1\n${formatAddress(address)}\n${change.from}\n${change.to}\n`)
}

async function refreshed(
  ports: FindCertificatePorts,
  {
    address,
    now,
    pin,
  }: { readonly address: MailAddress; readonly now: number; readonly pin: CertificatePin },
  asked: Asked,
): Promise<Discovery> {
  const same = asked.copies.filter(({ fingerprint }) => fingerprint === pin.fingerprint)
  const isChanged = asked.copies.some(
    ({ fingerprint, kind }) => fingerprint !== pin.fingerprint && kind !== 'hkp',
  )
  // Another key is found again by whoever asks next, also on the same day, until somebody has confirmed it.
  const refreshedAt = isChanged ? pin.refreshedAt : now
  const merged = { ...pin, certificate: await allOf(pin.certificate, same), refreshedAt }
  if (asked.silences.length < ports.directories.length) await ports.pins.write(address, merged)
  const discovery = await judged(merged, now, asked)
  return isChanged ? { ...discovery, warning: 'changed' } : discovery
}

/** Whether a certificate can be encrypted to now. */
async function judged(pin: CertificatePin, now: number, asked: Asked): Promise<Discovery> {
  const inspected = await inspectCertificate(pin.certificate, 'identifiable', now)
  if (!inspected.ok) return { warning: 'unfit', reason: inspected.refusal.reason, ...asked }
  const { bytes, expiresAt, fingerprint } = inspected.value
  return { use: { certificate: bytes, fingerprint, expiresAt, basis: pin.basis }, ...asked }
}

type Asked = Pick<Discovery, 'copies' | 'refused' | 'silences'>

async function askAll(directories: readonly KeyDirectory[], address: MailAddress): Promise<Asked> {
  const answers = await Promise.all(
    directories.map(async (directory): Promise<Asked> => await ask(directory, address)),
  )
  return {
    copies: answers.flatMap(({ copies }) => copies),
    refused: answers.flatMap(({ refused }) => refused),
    silences: answers.flatMap(({ silences }) => silences),
  }
}

async function ask(directory: KeyDirectory, address: MailAddress): Promise<Asked> {
  const { host, kind } = directory
  const answer = await directory.find(address)
  const nothing = { copies: [], refused: [], silences: [] }
  if (answer.kind === 'none') return nothing
  if (answer.kind === 'failed')
    return { ...nothing, silences: [{ kind, host, reason: answer.reason }] }
  const read = await Promise.all(
    answer.certificates.map(async (bytes) => await copyOf(bytes, address)),
  )
  return {
    ...nothing,
    copies: read.flatMap((copy) => (copy.ok ? [{ kind, host, ...copy.value }] : [])),
    refused: read.flatMap((copy) => (copy.ok ? [] : [{ kind, host, reason: copy.refusal.reason }])),
  }
}

async function copyOf(
  bytes: Uint8Array,
  address: MailAddress,
): Promise<Result<Pick<Copy, 'certificate' | 'fingerprint'>>> {
  const certificate = certificateFor(bytes, address)
  if (certificate === undefined) return refuse('certificate-user-id-wrong')
  const parsed = await readCertificate(certificate)
  if (!parsed.ok) return parsed
  const { fingerprint } = parsed.value.life.primary
  return accept({ certificate: parsed.value.bytes, fingerprint })
}

/**
 * Adds to a certificate what its owner says in other copies of it. Anybody can hang anything below somebody else's key on an open server: what
 * does not verify is left where it was, so that nobody fills a certificate up or revokes it for its owner.
 */
async function allOf(certificate: Uint8Array, copies: readonly Copy[]): Promise<Uint8Array> {
  let whole = certificate
  for (const copy of copies)
    for (const piece of piecesOf(copy.certificate)) whole = await withPiece(whole, piece)
  return whole
}

async function withPiece(whole: Uint8Array, piece: Uint8Array): Promise<Uint8Array> {
  const more = mergeCertificates(whole, piece)
  const before = await readCertificate(whole)
  const after = await readCertificate(more)
  const saysMore =
    before.ok && after.ok && statementsOf(after.value.life) > statementsOf(before.value.life)
  return saysMore ? more : whole
}

/** How much its owner verifiably said about a certificate. */
function statementsOf(life: CertificateLife): number {
  return [...keysOf(life), ...life.userIds]
    .map(({ revocations, selfSignatures }) => revocations.length + selfSignatures.length)
    .reduce((sum, count) => sum + count, 0)
}
