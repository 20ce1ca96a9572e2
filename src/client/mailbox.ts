import { sha256 } from '@noble/hashes/sha2.js'
import type { ActBodies } from '#core/act-bodies.ts'
import { base64, fromBase64, hex, sameBytes, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { isWork, mailboxId } from '#core/mailbox.ts'
import { type MailboxChain, verifyMailboxChain } from '#core/mailbox-chain.ts'
import { type CertificateFacts, inspectCertificate } from '#core/openpgp.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { midnightOf } from '#core/time.ts'
import { parseAct } from '#wire/act.ts'
import { composeAct } from './act.ts'
import type { ServedMailbox } from './http.ts'
import { type GeneratedKey, generateMailboxKey, type Protection } from './openpgp.ts'
import type { MailboxPin } from './pins.ts'
import type { RandomBytes } from './random.ts'

/** A mailbox that is not enrolled yet: its key, and the salt that its id is made with. */
export interface MailboxSecrets {
  readonly id: string
  readonly fingerprint: string
  /** 32 hex digits. */
  readonly salt: string
  readonly key: GeneratedKey
}

/** What an enrolment says beside key and id. */
export interface EnrolmentDraft {
  readonly mailbox: Pick<MailboxSecrets, 'fingerprint' | 'id' | 'salt'> & {
    readonly certificate: Uint8Array
  }
  /** Answer to the challenge, 64 hex digits. */
  readonly challenge: string
  readonly identifiable?: boolean
  /** A token that a party handed out, or the work that `findWork` found. */
  readonly admission: { readonly invitation: string } | { readonly work: string }
  readonly directory: string
  readonly origin: string
  readonly now: number
  readonly nonce: Uint8Array
}

class MailboxVerified {
  protected readonly verified = true
  readonly id: string
  /** The current certificate. */
  readonly certificate: Uint8Array
  readonly facts: CertificateFacts
  readonly chain: MailboxChain
  /** What to remember of it. */
  readonly pin: MailboxPin

  constructor(chain: MailboxChain, facts: CertificateFacts, pin: MailboxPin) {
    this.id = chain.id
    this.certificate = facts.bytes
    this.facts = facts
    this.chain = chain
    this.pin = pin
  }
}

/** A mailbox whose key follows from its id; only `verifyMailbox` makes one. */
export type VerifiedMailbox = MailboxVerified

/** What a mailbox is held against. */
export interface MailboxExpectation {
  readonly id: string
  readonly origin: string
  /** POSIX seconds, at which the certificate must be good. */
  readonly now: number
  /** The chain as it was last seen. */
  readonly pin?: MailboxPin | undefined
  /** The fingerprint that the customer gave. */
  readonly fingerprint?: string | undefined
}

const SALT_BYTES = 16
const BLOCK_BYTES = 64
/** Hashes between two turns of the page: a few hundredths of a second. */
const WORK_SLICE = 8192

/** Makes the key and the id of a new mailbox; everything in the key is dated the midnight before `now`. */
export async function mailboxSecrets(
  now: number,
  random: RandomBytes,
  protection: Protection,
): Promise<MailboxSecrets> {
  const key = await generateMailboxKey({ midnight: midnightOf(now), ...protection })
  const facts = await inspectCertificate(key.publicBytes, 'mailbox', now)
  if (!facts.ok) throw new Error(`the key just made is refused: ${facts.refusal.reason}`)
  const { fingerprint } = facts.value
  const salt = hex(random(SALT_BYTES))
  return { id: mailboxId(fingerprint, salt), fingerprint, salt, key }
}

/** Composes the act that enrols a mailbox; the key that is enrolled signs it. */
export function composeEnrolment(draft: EnrolmentDraft): Uint8Array {
  const { admission, challenge, directory, mailbox, nonce, now, origin } = draft
  const body: ActBodies['mailbox.enrol'] = {
    certificate: base64(mailbox.certificate),
    challenge,
    identifiable: draft.identifiable ?? false,
    mailbox: mailbox.id,
    salt: mailbox.salt,
    ...admission,
  }
  return composeAct({
    type: 'mailbox.enrol',
    body,
    by: { key: mailbox.fingerprint },
    directory,
    origin,
    now,
    nonce,
  })
}

/**
 * Searches the proof of work that stands in for an invitation: about a million hashes, a second or two.
 *
 * @param search `day` is today's UTC day; `onProgress` hears of the hashes tried and lets a page draw; `signal` ends the search
 * @throws the reason of `signal`
 */
export async function findWork(
  mailbox: string,
  search: {
    readonly day: string
    readonly onProgress?: (tried: number) => void
    readonly signal?: AbortSignal
  },
): Promise<string> {
  const start = utf8(`dunant-work-v1\n${mailbox}\n${search.day}\n`)
  // What stays the same fills one block of SHA-256, which is then hashed once and not a million times.
  const padding = '0'.repeat(Math.max(0, BLOCK_BYTES - start.length))
  const block = sha256.create().update(start).update(utf8(padding))
  for (let tried = 0; ; tried++) {
    if (tried % WORK_SLICE === 0) {
      search.signal?.throwIfAborted()
      search.onProgress?.(tried)
      await breathe()
    }
    const counter = tried.toString(16)
    const [first] = block.clone().update(utf8(counter)).digest()
    if (first === 0 && isWork(mailbox, search.day, padding + counter)) return padding + counter
  }
}

/** Lets timers and pages have their turn. */
async function breathe(): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, 0)
  })
}

/**
 * Verifies that the certificate served for a mailbox is the one behind its id, now, and that no newer one seen before was left out.
 *
 * A rotation is believed once the customer gave its fingerprint or this client saw it before: whoever stole the old key can sign one.
 * Refuses `mailbox-unavailable` where another mailbox was served, `chain-shorter-than-pinned`, `chain-broken`, `certificate-mismatch`, and
 * what `inspectCertificate` refuses of the current certificate.
 */
export async function verifyMailbox(
  served: ServedMailbox,
  expected: MailboxExpectation,
): Promise<Result<VerifiedMailbox>> {
  const { id, now, origin, pin } = expected
  if (served.id !== id) return refuse('mailbox-unavailable', 'another mailbox was served')
  const chain = await verifyMailboxChain({ id, links: served.links, origin, parse: parseAct })
  if (!chain.ok) return chain
  const current = fromBase64(served.certificate)
  const last = chain.value.certificates.at(-1)
  if (current === undefined || last === undefined || !sameBytes(current, last)) {
    return refuse('chain-broken', 'the certificate is not the one at the end of the chain')
  }
  const links = served.links.map(({ payload }) =>
    sha256Hex(fromBase64(payload) ?? new Uint8Array()),
  )
  if (pin !== undefined && links.length < pin.links.length)
    return refuse('chain-shorter-than-pinned')
  if (pin?.links.some((link, position) => link !== links[position]) === true) {
    return refuse('chain-broken', 'the chain is not the one seen before')
  }
  const facts = await inspectCertificate(
    current,
    isIdentifiable(served) ? 'identifiable' : 'mailbox',
    now,
  )
  if (!facts.ok) return facts
  const { fingerprint } = facts.value
  const confirmed = expected.fingerprint ?? (links.length > 1 ? pin?.fingerprint : fingerprint)
  if (fingerprint !== confirmed) {
    return refuse(
      'certificate-mismatch',
      'the key of the mailbox was changed; ask its owner for the new fingerprint',
    )
  }
  return accept(new MailboxVerified(chain.value, facts.value, { links, fingerprint }))
}

/** Only a mailbox that never changed its key can have a published one: rotations put `mailbox` certificates in its place. */
function isIdentifiable({ links }: ServedMailbox): boolean {
  const [enrolment, ...rotations] = links
  const parsed =
    rotations.length > 0
      ? undefined
      : parseAct(fromBase64(enrolment?.payload ?? '') ?? new Uint8Array())
  return (
    parsed?.ok === true &&
    parsed.value.act.type === 'mailbox.enrol' &&
    parsed.value.act.body.identifiable
  )
}
