import { concat, fromBase64, sameBytes, utf8 } from '#core/bytes.ts'
import { canonicalJson, type Json, readCanonical } from '#core/canonical-json.ts'
import { briefCommitment, templateCommitment } from '#core/commitment.ts'
import { activeParty, type Directory, type Officer, ownerOf, type Party } from '#core/directory.ts'
import { checkBrief } from '#core/notice-rules.ts'
import { inspectCertificate } from '#core/openpgp.ts'
import { RECIPIENTS_MAX, splitSignedMessage } from '#core/packets.ts'
import type { NoticeFileBody } from '#core/act-bodies.ts'
import type { Refusal } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { type CampaignMessage, type NoticeBrief, parseCampaignMessage } from '#wire/campaign.ts'
import {
  encryptForMany,
  openMessage,
  readSignedEntity,
  signEntity,
  signerOf,
  type UnlockedKey,
} from './openpgp.ts'

/** A message for the parties of a campaign, and how it is sent. */
export interface CampaignDraft {
  readonly message: CampaignMessage
  /** Domains of the parties that are to read it; its author reads it too. */
  readonly parties: readonly string[]
  readonly directory: Directory
  /** Of an active officer of the author. */
  readonly key: UnlockedKey
  /** POSIX seconds. */
  readonly at: number
}

/** An officer who cannot read a message, and why. */
export interface Unreachable {
  readonly party: string
  readonly fingerprint: string
  readonly refusal: Refusal
}

/** A message, ready to be uploaded. */
export interface SealedCampaignMessage {
  readonly message: Uint8Array
  /** Officers whose certificates cannot be encrypted to; each of their parties has another who can read it. */
  readonly unreachable: readonly Unreachable[]
}

/** What an opened message is held against. */
export interface CampaignExpectation {
  readonly kind: CampaignMessage['kind']
  /** The roster that the reader verified. */
  readonly directory: Directory
  /** Domain of the party that must have written it. */
  readonly author: string
  /** Act id of the campaign, where there is one already. */
  readonly campaign?: string
  readonly key: UnlockedKey
}

/** Officer keys sign acts and MIME entities, and nothing else. */
const HEAD = utf8(
  'Content-Type: application/vnd.dunant.campaign+json\r\nContent-Transfer-Encoding: 8bit\r\n\r\n',
)

/**
 * Writes a message to the parties of a campaign: signed by its author, encrypted to every active officer of each party and of the author.
 *
 * Refuses `party-unknown`, `party-suspended`, `signer-not-entitled` where the key is not an active officer's of the author, and
 * `brief-recipients-wrong` where a party has nobody who can read it, or there are more than 64 readers.
 */
export async function composeCampaignMessage(
  draft: CampaignDraft,
): Promise<Result<SealedCampaignMessage>> {
  const { at, directory, key, message } = draft
  const owner = ownerOf(directory, key.fingerprint)
  if (owner?.party.domain !== message.author || owner.officer.status !== 'active')
    return refuse('signer-not-entitled')
  const read = parseCampaignMessage(toJson(message))
  if (!read.ok) return read
  const certificates: Uint8Array[] = []
  const unreachable: Unreachable[] = []
  for (const domain of new Set([...draft.parties, message.author])) {
    const party = activeParty(directory, domain)
    if (!party.ok) return party
    const readers = await readersOf(party.value, at)
    if (readers.certificates.length === 0)
      return refuse('brief-recipients-wrong', `${domain} has nobody who can read it`)
    certificates.push(...readers.certificates)
    unreachable.push(...readers.unreachable)
  }
  if (certificates.length > RECIPIENTS_MAX)
    return refuse(
      'brief-recipients-wrong',
      `more than ${String(RECIPIENTS_MAX)} officers would read it`,
    )
  const signed = await signEntity(key, concat(HEAD, canonicalJson(toJson(message))), { at })
  return accept({ message: await encryptForMany(certificates, signed, { at }), unreachable })
}

async function readersOf(
  party: Party,
  at: number,
): Promise<{
  readonly certificates: readonly Uint8Array[]
  readonly unreachable: readonly Unreachable[]
}> {
  const certificates: Uint8Array[] = []
  const unreachable: Unreachable[] = []
  for (const officer of [...party.officers.values()].filter(({ status }) => status === 'active')) {
    const fit = await readable(officer, at)
    if (fit.ok) certificates.push(fit.value)
    else
      unreachable.push({
        party: party.domain,
        fingerprint: officer.fingerprint,
        refusal: fit.refusal,
      })
  }
  return { certificates, unreachable }
}

async function readable(officer: Officer, at: number): Promise<Result<Uint8Array>> {
  const bytes = fromBase64(officer.certificate)
  if (bytes === undefined) return refuse('certificate-malformed')
  const facts = await inspectCertificate(bytes, 'officer', at)
  return facts.ok ? accept(bytes) : facts
}

/**
 * Opens a message of a campaign and checks that its author's active officer signed it for this coalition and campaign.
 *
 * Refuses `envelope-malformed`, `envelope-recipient-wrong`, `notice-malformed`, `notice-signer-wrong`, `notice-origin-wrong`, `brief-invalid`
 * where it is another message than was asked for, and `campaign-unknown` where it is of another campaign.
 */
export async function openCampaignMessage(
  message: Uint8Array,
  expected: CampaignExpectation,
): Promise<Result<CampaignMessage>> {
  const signed = await openMessage(expected.key, message)
  if (!signed.ok) return signed
  const parts = splitSignedMessage(signed.value)
  if (!parts.ok) return parts
  const author = await checkAuthor(signed.value, expected)
  if (!author.ok) return author
  const read = readEntity(parts.value.content)
  if (!read.ok) return read
  const found = read.value
  const { genesis, origin } = expected.directory
  if (found.origin !== origin || found.genesis !== genesis) return refuse('notice-origin-wrong')
  if (found.kind !== expected.kind) return refuse('brief-invalid', 'another kind of message')
  if (found.author !== expected.author)
    return refuse('notice-signer-wrong', 'the message names another author')
  const isOther =
    'campaign' in found && expected.campaign !== undefined && found.campaign !== expected.campaign
  return isOther ? refuse('campaign-unknown', 'the message is of another campaign') : accept(found)
}

async function checkAuthor(
  signed: Uint8Array,
  expected: CampaignExpectation,
): Promise<Result<void>> {
  const issuer = signerOf(signed)
  const owner = issuer.ok ? ownerOf(expected.directory, issuer.value) : undefined
  const isActive = owner?.party.status === 'active' && owner.officer.status === 'active'
  if (owner?.party.domain !== expected.author || !isActive) {
    return refuse(
      'notice-signer-wrong',
      'the message is not signed by an active officer of its author',
    )
  }
  const verified = await readSignedEntity(
    signed,
    fromBase64(owner.officer.certificate) ?? new Uint8Array(),
    [],
  )
  return verified.ok
    ? accept(undefined)
    : refuse('notice-signer-wrong', `the signature does not hold: ${verified.refusal.reason}`)
}

function readEntity(entity: Uint8Array): Result<CampaignMessage> {
  if (!sameBytes(entity.subarray(0, HEAD.length), HEAD))
    return refuse('notice-malformed', 'not a message of a campaign')
  const json = readCanonical(entity.subarray(HEAD.length))
  return json.ok
    ? parseCampaignMessage(json.value)
    : refuse('notice-malformed', 'the message is not canonical JSON')
}

/**
 * Checks that a brief is the one that a notice commits to, before its author's peers support it.
 *
 * Refuses `notice-brief-wrong`, `notice-template-wrong`, `brief-invalid`.
 */
export function checkNoticeBrief(opened: NoticeBrief, notice: NoticeFileBody): Result<NoticeBrief> {
  const brief = checkBrief(opened.brief.content)
  if (!brief.ok) return brief
  if (briefCommitment(opened.brief.salt, brief.value) !== notice.brief)
    return refuse('notice-brief-wrong')
  const template = templateCommitment(opened.template.salt, opened.template.hash)
  return template === notice.template ? accept(opened) : refuse('notice-template-wrong')
}

function toJson(message: CampaignMessage): Json {
  return message satisfies Json
}
